"""Conv2d: a dense grid of its arguments, `same` padding and the padding modes."""

import itertools
from functools import partial

from torch import nn
from torch.func import functional_call

from .family import Family
from .naming import dimensions, pair, short
from .values import Generated

_CHANNELS = [(3, 2, 1), (4, 2, 2), (3, 3, 3), (2, 3, 1), (2, 4, 2)]
_BATCHES = [1, None, 2, 1, None, 1, 0]
_SIZES = [(5, 7), (7, 6), (6, 5), (7, 7)]


def record():
    family = Family("conv2d")
    for number, arguments in enumerate(_grid()):
        _record_varied(family, number, *arguments)
    for number, arguments in enumerate(_same_and_modes()):
        _record_varied(family, number, *arguments)
    for kernel, stride, padding, dilation in [(3, 1, 1, 1), (3, 2, 1, 1), (1, 1, 0, 1)]:
        for channels, bias, batch in itertools.product(
            [(2, 3, 1), (4, 6, 2), (4, 4, 4)], [True, False], [None, 0, 1, 2]
        ):
            _record(
                family, *channels, kernel, stride, padding, dilation, "zeros",
                bias=bias, batch=batch, size=(4, 5), suffix="mix",
            )
    _record_corners(family)
    return family


def _grid():
    kernels = [(1, 1), (2, 2), (3, 3), (5, 5), (3, 2)]
    strides = [(1, 1), (2, 2), (3, 3), (2, 1)]
    paddings = [(0, 0), (1, 1), (0, 2)]
    dilations = [(1, 1), (2, 2), (3, 3)]
    for kernel, stride, padding, dilation in itertools.product(kernels, strides, paddings, dilations):
        # The smallest input of the grid is 5 wide.
        if all(5 + 2 * padding[axis] > dilation[axis] * (kernel[axis] - 1) for axis in (0, 1)):
            yield kernel, stride, padding, dilation, "zeros"


def _same_and_modes():
    modes = ["zeros", "reflect", "replicate", "circular"]
    for kernel, dilation, mode in itertools.product([1, 2, 3, 4, (2, 3), (5, 2)], [1, 2], modes):
        yield kernel, 1, "same", dilation, mode
    yield 2, 1, "same", 3, "zeros"
    yield 3, 1, "same", 3, "zeros"
    yield (2, 3), 1, "same", (3, 1), "zeros"
    for mode, (kernel, stride, padding, dilation) in itertools.product(
        modes[1:],
        [(3, 1, 1, 1), (3, 2, 1, 1), (5, 1, 2, 1), (3, 1, 2, 2), ((3, 4), (2, 1), (2, 3), (1, 2)), (1, 2, 4, 1)],
    ):
        yield kernel, stride, padding, dilation, mode
    for mode in ("replicate", "circular"):
        yield 3, 1, 5, 1, mode


def _record_corners(family):
    corner = partial(_record, family, mode="zeros", suffix="corner")
    # input channels, output channels, groups, kernel, stride, padding, dilation
    corner(1, 1, 1, 1, 1, 0, 1, size=(1, 1))
    corner(2, 3, 1, 3, 1, 1, 1, size=(1, 1))
    corner(2, 3, 1, 3, 2, 3, 1, size=(1, 1))
    corner(2, 2, 1, 2, 5, 0, 1, size=(7, 12))
    corner(2, 2, 1, 1, 4, 2, 1, size=(6, 5))
    corner(1, 4, 1, 9, 1, 4, 1, size=(4, 5))
    corner(4, 1, 1, 5, 1, 2, 1, size=(5, 6))
    corner(1, 13, 1, 3, 1, 1, 1, size=(3, 4))
    corner(2, 2, 1, 4, 2, 1, 1, size=(2, 33))
    corner(2, 2, 1, 4, 2, 1, 1, size=(17, 2))
    corner(1, 2, 1, 3, 1, 1, 1, size=(2, 31))
    corner(3, 6, 3, 3, 2, 1, 2, size=(6, 6))
    corner(6, 3, 3, 3, 1, 2, 2, size=(4, 5))
    corner(6, 6, 6, 5, 1, 2, 1, size=(5, 5))
    corner(2, 4, 2, (3, 2), (2, 1), (0, 2), (1, 3), size=(6, 5))
    corner(2, 3, 1, (1, 5), (3, 2), (0, 2), (1, 2), size=(5, 8))
    corner(2, 3, 1, (5, 1), (1, 3), (2, 0), (2, 1), size=(7, 5))


def _record_varied(family, number, kernel, stride, padding, dilation, mode):
    inputs, outputs, groups = _CHANNELS[number % 5]
    # Padding by other modes refuses an empty batch.
    batch = _BATCHES[number % (7 if mode == "zeros" else 6)]
    _record(
        family, inputs, outputs, groups, kernel, stride, padding, dilation, mode,
        bias=number % 3 != 0, batch=batch, size=_SIZES[number % 4],
    )


def _record(
    family, inputs, outputs, groups, kernel, stride, padding, dilation, mode, size, bias=True, batch=1, suffix=None
):
    kernel, stride, dilation = map(pair, (kernel, stride, dilation))
    padding = padding if padding == "same" else pair(padding)
    layer = nn.Conv2d(inputs, outputs, kernel, stride, padding, dilation, groups, bias, mode)
    tensors = {
        "input": Generated((inputs, *size) if batch is None else (batch, inputs, *size)),
        "weight": Generated((outputs, inputs // groups, *kernel)),
    }
    if bias:
        tensors["bias"] = Generated((outputs,))
    attributes = {
        "inChannels": inputs,
        "outChannels": outputs,
        "kernelSize": kernel,
        "stride": stride,
        "padding": padding,
        "paddingMode": mode,
        "groups": groups,
        "bias": bias,
        "dilation": dilation,
    }
    parts = [
        f"k{short(kernel)}", f"s{short(stride)}", "same" if padding == "same" else f"p{short(padding)}", mode,
        f"d{short(dilation)}", f"g{groups}", f"{inputs}to{outputs}", "bias" if bias else "plain",
        "unbatched" if batch is None else f"n{batch}", dimensions(size),
    ]
    family.record(
        "-".join(parts + ([suffix] if suffix else [])), "conv2d", attributes, tensors,
        lambda input, **parameters: functional_call(layer, parameters, (input,)),
        exact=True,
    )
