"""Loss functions and their gradients with respect to the prediction."""

import torch
from torch.nn import functional

from .family import Family
from .naming import dimensions
from .values import Generated, Stored

_REDUCTIONS = ["mean", "sum", "none"]


def record():
    family = Family("losses")
    for operation, options, function in [
        ("l1Loss", {}, functional.l1_loss),
        ("mseLoss", {}, functional.mse_loss),
        ("smoothL1Loss", {"beta": 1.0}, functional.smooth_l1_loss),
        ("smoothL1Loss", {"beta": 0.25}, functional.smooth_l1_loss),
    ]:
        for shape in [(2, 3, 4, 5), (7,)]:
            inputs = {"input": Generated(shape), "target": Generated(shape, differentiable=False)}
            _record(family, operation, options, shape, inputs, function)
    for shape, scale in [((2, 3, 4, 5), 1.0), ((2, 3, 4, 5), 64.0), ((7,), 1.0)]:
        inputs = {
            "input": Generated(shape, scale=scale),
            "target": Generated(shape, positive=True, scale=0.5, differentiable=False),
        }
        _record(family, "binaryCrossEntropyWithLogits", {}, shape, inputs, _binary_cross_entropy, f"scale{scale}")
    for shape in [(4, 5), (2, 3, 2, 4), (1, 1)]:
        for scale in (1.0, 64.0):
            count = shape[0] * torch.Size(shape[2:]).numel()
            classes = [(3 * index + 1) % shape[1] for index in range(count)]
            target = torch.tensor(classes).reshape(shape[0], *shape[2:])
            function = lambda input, reduction: functional.cross_entropy(input, target, reduction=reduction)
            inputs = {"input": Generated(shape, scale=scale)}
            _record(family, "crossEntropy", {"targetClasses": classes}, shape, inputs, function, f"scale{scale}")
    extremes = {
        "input": Stored(torch.tensor([0.0, -0.0, 1e-4, 100.0, -100.0, 1e30, -1e30, 200.0, -200.0])),
        "target": Stored(torch.tensor([0.0, 1.0, 0.5, 1.0, 1.0, 1.0, 0.0, 0.0, 0.0]), differentiable=False),
    }
    family.record(
        "binaryCrossEntropyWithLogits-special", "binaryCrossEntropyWithLogits", {"reduction": "none"}, extremes,
        lambda input, target: _binary_cross_entropy(input, target, reduction="none"),
        special=True,
    )
    return family


def _binary_cross_entropy(input, target, reduction):
    return functional.binary_cross_entropy_with_logits(input, target, reduction=reduction)


def _record(family, operation, options, shape, inputs, function, suffix=None):
    keywords = {} if "targetClasses" in options else options
    for reduction in _REDUCTIONS:
        parts = [operation, *(f"{name}{value}" for name, value in keywords.items()), dimensions(shape)]
        family.record(
            "-".join(parts + ([suffix] if suffix else []) + [reduction]), operation,
            {**options, "reduction": reduction}, inputs,
            lambda **tensors: function(**tensors, **keywords, reduction=reduction),
        )
