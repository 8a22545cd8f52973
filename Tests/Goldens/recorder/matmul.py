"""Matrix products of vectors, matrices and broadcast batches."""

from .family import Family
from .naming import dimensions
from .values import Generated

_SHAPES = [
    ((4,), (4,)), ((3, 4), (4,)), ((4,), (4, 5)), ((3, 4), (4, 5)), ((1, 1), (1, 1)), ((1, 7), (7, 1)),
    ((7, 1), (1, 7)), ((17, 33), (33, 19)), ((2, 3, 4), (4, 5)), ((3, 4), (2, 4, 5)), ((2, 3, 4), (2, 4, 5)),
    ((2, 3, 4), (1, 4, 5)), ((2, 3, 4), (4,)), ((4,), (2, 4, 5)), ((2, 1, 3, 4), (5, 4, 2)),
    ((2, 5, 3, 4), (2, 1, 4, 2)), ((0, 4), (4, 5)), ((3, 0), (0, 5)), ((0, 3, 4), (4, 5)),
]


def record():
    family = Family("matmul")
    for left, right in _SHAPES:
        family.record(
            f"matmul-{dimensions(left)}-{dimensions(right)}", "matmul", {},
            {"left": Generated(left), "right": Generated(right)},
            lambda left, right: left @ right,
            exact=True,
        )
    return family
