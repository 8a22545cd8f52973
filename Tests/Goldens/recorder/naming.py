"""Small helpers that turn attributes into case names."""


def pair(value):
    """`[value, value]`, or the two values of a tuple."""
    return list(value) if isinstance(value, tuple) else [value, value]


def short(values):
    """`4` for `[4, 4]`, `3x2` for `[3, 2]`."""
    return str(values[0]) if len(set(values)) == 1 else "x".join(map(str, values))


def dimensions(shape):
    """`2x3x4` for the shape (2, 3, 4), `scalar` for ()."""
    return "x".join(map(str, shape)) or "scalar"
