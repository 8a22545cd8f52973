"""Sums, means and variances over axes."""

import torch

from .family import Family
from .naming import dimensions
from .values import Generated

_AXES = [[0], [1], [-1], [0, 2], [2, 3], [1, 2, 3], [0, 1, 2, 3]]


def record():
    family = Family("reductions")
    for keep in (False, True):
        for axes in _AXES:
            _record_all(family, (2, 3, 4, 5), axes, keep)
        _record_all(family, (7,), [0], keep)
        _record_all(family, (37, 2), [0], keep)
        _record(family, "sum", (0, 3), [0], keep, {}, torch.sum, exact=True)
    return family


def _record_all(family, shape, axes, keep):
    _record(family, "sum", shape, axes, keep, {}, torch.sum, exact=True)
    _record(family, "mean", shape, axes, keep, {}, torch.mean)
    for unbiased in (False, True):
        _record(family, "variance", shape, axes, keep, {"unbiased": unbiased}, torch.var)


def _record(family, operation, shape, axes, keep, options, function, exact=False):
    parts = [operation, dimensions(shape), "axes" + ",".join(map(str, axes))]
    parts += ["keep"] if keep else []
    parts += ["unbiased"] if options.get("unbiased") else []
    family.record(
        "-".join(parts), operation, {"axes": axes, "keepAxes": keep, **options}, {"input": Generated(shape)},
        lambda input: function(input, dim=axes, keepdim=keep, **options),
        exact=exact,
    )
