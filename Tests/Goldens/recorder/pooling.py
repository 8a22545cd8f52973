"""Maximum, average and adaptive average pooling."""

import itertools

import torch
from torch.nn import functional

from .family import Family
from .naming import dimensions, pair, short
from .values import Generated, Stored

_SHAPES = [(1, 2, 7, 6), (2, 5, 8), (2, 1, 6, 7)]


def record():
    family = Family("pooling")
    _record_maxima(family)
    _record_averages(family)
    for shape, size in itertools.product(
        [(1, 2, 7, 6), (2, 5, 8), (0, 2, 4, 4), (1, 1, 1, 1)], [1, 2, 3, (5, 4), (7, 1), (9, 11)]
    ):
        size = pair(size)
        family.record(
            f"adaptive-{dimensions(shape)}-to{dimensions(size)}", "adaptiveAveragePool2d", {"outputSize": size},
            {"input": Generated(shape)},
            lambda input: functional.adaptive_avg_pool2d(input, size),
        )
    return family


def _record_maxima(family):
    number = 0
    for kernel, stride, padding, dilation, ceil in itertools.product(
        [1, 2, 3, (3, 2)], [1, 2, 3, (2, 1)], [0, 1, (1, 0)], [1, 2], [False, True]
    ):
        kernel, stride, padding, dilation = map(pair, (kernel, stride, padding, dilation))
        if all(padding[axis] <= kernel[axis] // 2 for axis in (0, 1)):
            _record_maximum(family, Generated(_SHAPES[number % 3]), kernel, stride, padding, dilation, ceil)
            number += 1
    _record_maximum(family, Generated((0, 2, 4, 4)), [2, 2], [2, 2], [0, 0], [1, 1], False)
    _record_maximum(family, Generated((1, 1, 1, 1)), [1, 1], [1, 1], [0, 0], [1, 1], False)
    # The first of equal maxima, in row-major order, takes the gradient.
    ties = Stored(torch.tensor([0.0, 1.0, 1.0, 0.0, 1.0, 1.0, 1.0, 0.5]).repeat(6).reshape(1, 1, 6, 8))
    _record_maximum(family, ties, [3, 3], [1, 1], [1, 1], [1, 1], False, "ties")
    _record_maximum(family, ties, [2, 2], [2, 2], [0, 0], [1, 1], False, "ties")
    values = torch.arange(36.0).reshape(1, 1, 6, 6) - 18
    values[0, 0, 1, 2] = float("nan")
    values[0, 0, 4, 0] = float("inf")
    values[0, 0, 4:, 3:] = -float("inf")
    _record_maximum(family, Stored(values), [2, 2], [1, 1], [1, 1], [1, 1], False, "special")


def _record_maximum(family, values, kernel, stride, padding, dilation, ceil, suffix=None):
    shape = values.shape if isinstance(values, Generated) else values.values.shape
    attributes = {
        "kernelSize": kernel, "stride": stride, "padding": padding, "dilation": dilation, "ceilMode": ceil,
    }
    parts = ["max", f"k{short(kernel)}", f"s{short(stride)}", f"p{short(padding)}", f"d{short(dilation)}"]
    parts += (["ceil"] if ceil else []) + [dimensions(shape)] + ([suffix] if suffix else [])
    special = suffix == "special"
    family.record(
        "-".join(parts), "maxPool2d", attributes, {"input": values},
        lambda input: functional.max_pool2d(input, kernel, stride, padding, dilation, ceil),
        exact=not special, special=special,
    )


def _record_averages(family):
    number = 0
    for kernel, stride, padding, ceil, count_padding in itertools.product(
        [1, 2, 3, (3, 2)], [1, 2, 3, (2, 1)], [0, 1, (1, 0)], [False, True], [True, False]
    ):
        kernel, stride, padding = map(pair, (kernel, stride, padding))
        if all(padding[axis] <= kernel[axis] // 2 for axis in (0, 1)):
            divisor = [None, None, 3, None, 5][number % 5]
            _record_average(family, _SHAPES[number % 3], kernel, stride, padding, ceil, count_padding, divisor)
            number += 1
    _record_average(family, (0, 2, 4, 4), [2, 2], [2, 2], [0, 0], False, True, None)
    _record_average(family, (1, 1, 1, 1), [1, 1], [1, 1], [0, 0], False, True, None)


def _record_average(family, shape, kernel, stride, padding, ceil, count_padding, divisor):
    attributes = {
        "kernelSize": kernel, "stride": stride, "padding": padding, "ceilMode": ceil, "countIncludePad": count_padding,
    }
    if divisor:
        attributes["divisorOverride"] = divisor
    parts = ["average", f"k{short(kernel)}", f"s{short(stride)}", f"p{short(padding)}"]
    parts += (["ceil"] if ceil else []) + ([] if count_padding else ["inner"]) + ([f"by{divisor}"] if divisor else [])
    family.record(
        "-".join(parts + [dimensions(shape)]), "averagePool2d", attributes, {"input": Generated(shape)},
        lambda input: functional.avg_pool2d(input, kernel, stride, padding, ceil, count_padding, divisor),
    )
