"""Activations: ordinary, small and large inputs, and the special values of float32."""

import torch
from torch.nn import functional

from .family import Family
from .naming import dimensions
from .special import SPECIAL_VALUES
from .values import Generated, Stored

_FUNCTIONS = [
    ("relu", {}, functional.relu),
    ("leakyReLU", {"negativeSlope": 0.01}, lambda input: functional.leaky_relu(input, 0.01)),
    ("leakyReLU", {"negativeSlope": 0.2}, lambda input: functional.leaky_relu(input, 0.2)),
    ("silu", {}, functional.silu),
    ("gelu", {"approximate": "none"}, functional.gelu),
    ("gelu", {"approximate": "tanh"}, lambda input: functional.gelu(input, approximate="tanh")),
    ("sigmoid", {}, torch.sigmoid),
    ("tanh", {}, torch.tanh),
]
_SOFT = [("softmax", functional.softmax), ("logSoftmax", functional.log_softmax)]


def record():
    family = Family("activations")
    for operation, attributes, function in _FUNCTIONS:
        name = "-".join([operation, *map(str, attributes.values())])
        for size, scale in [("small", 2.0**-8), ("ordinary", 1.0), ("wide", 4.0), ("large", 64.0)]:
            inputs = {"input": Generated((2, 3, 4, 5), scale=scale)}
            family.record(f"{name}-{size}", operation, attributes, inputs, function)
        inputs = {"input": Stored(SPECIAL_VALUES)}
        family.record(f"{name}-special", operation, attributes, inputs, function, special=True)
    _record_prelu(family)
    for operation, function in _SOFT:
        _record_soft(family, operation, function)
    return family


def _record_prelu(family):
    for shape, parameters in [
        ((2, 3, 4, 5), 1), ((2, 3, 4, 5), 3), ((4, 3), 3), ((4, 3), 1), ((2, 3, 7), 3), ((7,), 1), ((0, 3, 2, 2), 3),
    ]:
        family.record(
            f"prelu-{dimensions(shape)}-{parameters}", "prelu", {"numParameters": parameters},
            {"input": Generated(shape), "weight": Generated((parameters,))},
            functional.prelu,
            exact=True,
        )
    family.record(
        "prelu-special", "prelu", {"numParameters": 1},
        {"input": Stored(SPECIAL_VALUES), "weight": Stored(torch.tensor([0.25]))},
        functional.prelu,
        special=True,
    )


def _record_soft(family, operation, function):
    for shape, axis in [((7,), 0), ((4, 5), 1), ((2, 3, 4, 5), 1), ((2, 3, 4, 5), 3), ((2, 3, 4, 5), -2), ((3, 1), 1)]:
        for size, scale in [("ordinary", 1.0), ("large", 64.0)]:
            family.record(
                f"{operation}-{dimensions(shape)}-axis{axis}-{size}", operation, {"axis": axis},
                {"input": Generated(shape, scale=scale)},
                lambda input: function(input, axis),
            )
    infinity, nan = float("inf"), float("nan")
    rows = torch.tensor(
        [
            [0.0, -0.0, 1.0, -1.0],
            [1e30, 1e30, -1e30, 0.0],
            [88.0, 89.0, 200.0, -200.0],
            [-infinity, 0.0, 1.0, 2.0],
            [-infinity, -infinity, -infinity, 5.0],
            [-infinity, -infinity, -infinity, -infinity],
            [infinity, 0.0, 1.0, 2.0],
            [nan, 0.0, 1.0, 2.0],
        ]
    )
    family.record(
        f"{operation}-special", operation, {"axis": 1}, {"input": Stored(rows)},
        lambda input: function(input, 1),
        special=True,
    )
