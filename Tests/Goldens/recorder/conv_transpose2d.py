"""ConvTranspose2d: a dense grid of its arguments, then the corners that other libraries got wrong."""

import itertools
from functools import partial

from torch import nn
from torch.func import functional_call

from .family import Family
from .naming import dimensions, pair, short
from .values import Generated

# (input channels, output channels, groups); the last is depthwise with a multiplier.
_CHANNELS = [(3, 2, 1), (4, 2, 2), (3, 3, 3), (2, 3, 1), (2, 4, 2)]
_BATCHES = [1, None, 2, 1, None, 1, 0]
_SIZES = [(3, 4), (4, 3), (5, 3), (3, 3)]


def record():
    family = Family("convTranspose2d")
    for number, (kernel, stride, padding, dilation, extra) in enumerate(_grid()):
        inputs, outputs, groups = _CHANNELS[number % 5]
        _record(
            family, inputs, outputs, kernel, stride, padding, extra, dilation, groups,
            bias=number % 3 != 0, batch=_BATCHES[number % 7], size=_SIZES[number % 4],
        )
    for kernel, stride, padding, extra, dilation in [
        (3, 2, 1, 1, 1), (4, 2, 1, 0, 1), (3, 1, 1, 0, 2), (2, 2, 0, 0, 1),
    ]:
        for channels, bias, batch in itertools.product(
            [(2, 3, 1), (4, 6, 2), (4, 4, 4)], [True, False], [None, 0, 1, 2]
        ):
            inputs, outputs, groups = channels
            _record(
                family, inputs, outputs, kernel, stride, padding, extra, dilation, groups,
                bias=bias, batch=batch, size=(4, 5), suffix="mix",
            )
    _record_corners(family)
    _record_output_sizes(family)
    return family


def _grid():
    """Every legal combination of kernel, stride, padding, dilation and output padding."""
    kernels = [(1, 1), (2, 2), (3, 3), (4, 4), (5, 5), (3, 2)]
    strides = [(1, 1), (2, 2), (3, 3), (2, 1)]
    paddings = [(0, 0), (1, 1), (2, 2)]
    dilations = [(1, 1), (2, 2), (3, 3)]
    for kernel, stride, padding, dilation in itertools.product(kernels, strides, paddings, dilations):
        for extra in [(0, 0), (1, 1), (1, 0), (2, 2)]:
            fits = all(extra[axis] < stride[axis] or extra[axis] < dilation[axis] for axis in (0, 1))
            # The smallest input of the grid is 3 wide.
            size = [
                2 * stride[axis] - 2 * padding[axis] + dilation[axis] * (kernel[axis] - 1) + extra[axis] + 1
                for axis in (0, 1)
            ]
            if fits and min(size) > 0:
                yield kernel, stride, padding, dilation, extra


def _record_corners(family):
    corner = partial(_record, family, suffix="corner")
    # input channels, output channels, kernel, stride, padding, output padding, dilation, groups
    for stride in (2, 3, 4):  # FSRCNN's last layer
        corner(4, 1, 9, stride, 4, stride - 1, 1, 1, size=(3, 5))
    corner(2, 1, 16, 8, 4, 0, 1, 1, size=(2, 3))
    corner(3, 3, 4, 2, 1, 0, 1, 3, size=(5, 6))
    corner(2, 2, 2, 5, 0, 0, 1, 1, size=(3, 3))
    corner(2, 2, 2, 5, 0, 4, 1, 1, size=(3, 3))
    corner(2, 1, 2, 5, 3, 3, 1, 1, size=(3, 4), bias=False)
    corner(1, 1, 1, 3, 0, 2, 1, 1, size=(2, 2))
    corner(1, 1, 3, 2, 1, 1, 1, 1, size=(1, 1))
    corner(3, 4, 4, 1, 0, 0, 1, 1, size=(1, 1))  # DCGAN's first layer
    corner(2, 3, 4, 2, 1, 0, 1, 1, size=(1, 1))
    corner(2, 3, 5, 3, 2, 0, 2, 1, size=(1, 1))
    corner(1, 1, 1, 1, 0, 0, 1, 1, size=(1, 1))
    corner(2, 2, 3, 2, 0, 2, 3, 1, size=(3, 4))  # output padding below dilation, not below stride
    corner(2, 2, 3, 1, 1, 1, 2, 1, size=(4, 3))
    corner(4, 2, 2, 1, 0, 3, 4, 2, size=(3, 3))
    corner(2, 3, 4, 2, 3, 0, 1, 1, size=(6, 5))  # crops more than it adds
    corner(2, 2, 1, 2, 2, 1, 1, 1, size=(4, 5))
    corner(2, 2, 2, 3, 4, 1, 2, 1, size=(5, 5))
    corner(3, 3, 3, 1, 4, 0, 1, 1, size=(8, 7))
    corner(2, 3, 3, 3, 0, 0, 1, 1, size=(4, 5))
    corner(2, 3, 5, 3, 2, 0, 1, 1, size=(4, 5))
    corner(2, 1, 7, 1, 3, 0, 1, 1, size=(5, 4))
    corner(6, 1, 4, 2, 1, 0, 1, 1, size=(5, 4))
    corner(1, 6, 4, 2, 1, 0, 1, 1, size=(5, 4))
    corner(6, 4, 3, 2, 1, 1, 2, 2, size=(4, 4))
    corner(3, 6, 4, 2, 1, 0, 1, 3, size=(4, 4))
    corner(6, 3, 3, 2, 1, 1, 1, 3, size=(4, 4))
    corner(2, 2, 4, 2, 1, 0, 1, 1, size=(2, 17))
    corner(2, 2, 4, 2, 1, 0, 1, 1, size=(17, 1))
    corner(2, 2, 4, 2, 1, 0, 1, 1, size=(1, 33))
    corner(1, 2, 3, 1, 1, 0, 1, 1, size=(2, 31))
    corner(1, 13, 3, 2, 1, 1, 1, 1, size=(3, 3))
    corner(2, 3, (5, 1), (1, 3), (2, 0), (0, 2), (1, 2), 1, size=(4, 3))
    corner(2, 3, (1, 4), (3, 2), (0, 1), (2, 0), (1, 1), 1, size=(3, 4))
    corner(2, 4, (3, 2), (2, 1), (0, 2), (1, 2), (1, 3), 2, size=(4, 5))
    corner(2, 2, (2, 5), (4, 1), (1, 3), (3, 0), (3, 1), 1, size=(3, 6))


def _record_output_sizes(family):
    """Calls with `output_size`, which replaces the output padding of the layer."""
    for kernel, stride, padding, dilation, extra in [
        (3, 2, 1, 1, (0, 0)), (3, 2, 1, 1, (1, 1)), (3, 2, 1, 1, (0, 1)), (4, 3, 0, 1, (2, 1)), (2, 3, 1, 2, (1, 2)),
        (3, 1, 1, 2, (0, 0)),
    ]:
        for batch, length in [(1, 2), (2, 4), (None, 2), (None, 3)]:
            minimum = [(side - 1) * stride - 2 * padding + dilation * (kernel - 1) + 1 for side in (4, 3)]
            output_size = [minimum[0] + extra[0], minimum[1] + extra[1]]
            # Leading entries are ignored; 99 shows it.
            output_size = [99] * (length - 2) + output_size
            layer_extra = 1 if stride > 1 else 0
            _record(
                family, 2, 3, kernel, stride, padding, layer_extra, dilation, 1,
                bias=True, batch=batch, size=(4, 3), output_size=output_size,
                suffix=f"outputSize{dimensions(output_size)}",
            )


def _record(
    family, inputs, outputs, kernel, stride, padding, extra, dilation, groups, size, bias=True, batch=1,
    output_size=None, suffix=None,
):
    kernel, stride, padding, extra, dilation = map(pair, (kernel, stride, padding, extra, dilation))
    layer = nn.ConvTranspose2d(inputs, outputs, kernel, stride, padding, extra, groups, bias, dilation)
    tensors = {
        "input": Generated((inputs, *size) if batch is None else (batch, inputs, *size)),
        "weight": Generated((inputs, outputs // groups, *kernel)),
    }
    if bias:
        tensors["bias"] = Generated((outputs,))
    attributes = {
        "inChannels": inputs,
        "outChannels": outputs,
        "kernelSize": kernel,
        "stride": stride,
        "padding": padding,
        "outputPadding": extra,
        "groups": groups,
        "bias": bias,
        "dilation": dilation,
    }
    if output_size:
        attributes["outputSize"] = output_size
    parts = [
        f"k{short(kernel)}", f"s{short(stride)}", f"p{short(padding)}", f"op{short(extra)}", f"d{short(dilation)}",
        f"g{groups}", f"{inputs}to{outputs}", "bias" if bias else "plain",
        "unbatched" if batch is None else f"n{batch}", dimensions(size),
    ]
    family.record(
        "-".join(parts + ([suffix] if suffix else [])), "convTranspose2d", attributes, tensors,
        lambda input, **parameters: functional_call(layer, parameters, (input, output_size)),
        exact=True,
    )
