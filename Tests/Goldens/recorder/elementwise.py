"""Elementwise functions of one operand, and arithmetic of two with broadcasting."""

import itertools
import operator

import torch

from .family import Family
from .naming import dimensions
from .special import SPECIAL_OPERANDS, SPECIAL_VALUES
from .values import Generated, Stored

_SHAPE = (2, 3, 4, 5)
_BROADCASTS = [
    ((2, 3, 4, 5), (2, 3, 4, 5)), ((2, 3, 4, 5), (3, 1, 1)), ((5,), (2, 3, 4, 5)), ((2, 3, 4, 5), ()),
    ((2, 1, 4, 1), (3, 1, 5)), ((4, 1), (1, 5)), ((), ()), ((1, 3, 1, 1), (2, 3, 2, 2)), ((0, 3), (1, 3)), ((7,), (7,)),
]
_BINARY = [("add", operator.add), ("subtract", operator.sub), ("multiply", operator.mul), ("divide", operator.truediv)]


def record():
    family = Family("elementwise")
    _record_unary(family)
    _record_powers(family)
    _record_clamps(family)
    for operation, function in _BINARY:
        _record_binary(family, operation, function)
    return family


def _record_unary(family):
    for operation, function, positive in [
        ("exp", torch.exp, False), ("log", torch.log, True), ("sqrt", torch.sqrt, True), ("abs", torch.abs, False),
    ]:
        for size, scale in [("small", 2.0**-8), ("ordinary", 1.0), ("wide", 16.0)]:
            inputs = {"input": Generated(_SHAPE, positive=positive, scale=scale)}
            family.record(f"{operation}-{size}", operation, {}, inputs, function, exact=operation == "abs")
        family.record(f"{operation}-special", operation, {}, {"input": Stored(SPECIAL_VALUES)}, function, special=True)


def _record_powers(family):
    for exponent in [0.0, 0.5, 1.0, 2.0, 2.5, 3.0, -1.0, -0.5]:
        function = lambda input: torch.pow(input, exponent)
        attributes = {"exponent": exponent}
        inputs = {"input": Generated(_SHAPE, positive=True)}
        family.record(f"power-{exponent}-positive", "power", attributes, inputs, function)
        if exponent in (0.0, 1.0, 2.0, 3.0):
            family.record(f"power-{exponent}-signed", "power", attributes, {"input": Generated(_SHAPE)}, function)
        inputs = {"input": Stored(SPECIAL_VALUES)}
        family.record(f"power-{exponent}-special", "power", attributes, inputs, function, special=True)


def _record_clamps(family):
    for minimum, maximum in [(-0.5, 0.5), (0.0, None), (None, 0.25), (0.0, 1.0), (1.0, -1.0)]:
        attributes = {}
        if minimum is not None:
            attributes["minimum"] = minimum
        if maximum is not None:
            attributes["maximum"] = maximum
        function = lambda input: torch.clamp(input, minimum, maximum)
        name = f"clamp-{minimum}-{maximum}"
        # 127 consecutive multiples of 1/64: the bounds themselves are among the inputs.
        ladder = {"input": Stored(torch.arange(-63, 64, dtype=torch.float32) / 64 * 2)}
        family.record(f"{name}-ladder", "clamp", attributes, ladder, function, exact=True)
        family.record(f"{name}-special", "clamp", attributes, {"input": Stored(SPECIAL_VALUES)}, function, special=True)


def _record_binary(family, operation, function):
    # The operands of Python's operators have no names.
    named = lambda left, right: function(left, right)
    for left, right in _BROADCASTS:
        inputs = {"left": Generated(left), "right": Generated(right, positive=operation == "divide")}
        name = f"{operation}-{dimensions(left)}-{dimensions(right)}"
        family.record(name, operation, {}, inputs, named, exact=operation != "divide")
    pairs = torch.tensor(list(itertools.product(SPECIAL_OPERANDS, SPECIAL_OPERANDS)))
    inputs = {"left": Stored(pairs[:, 0].clone()), "right": Stored(pairs[:, 1].clone())}
    family.record(f"{operation}-special", operation, {}, inputs, named, special=True)
