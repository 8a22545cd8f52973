"""PixelShuffle and PixelUnshuffle for every number of leading axes."""

from functools import partial

from torch.nn import functional

from .family import Family
from .naming import dimensions
from .values import Generated

_LEADING = [(), (2,), (2, 1), (1, 2, 2)]


def record():
    family = Family("pixelShuffle")
    for factor in (1, 2, 3, 4):
        for leading in _LEADING:
            for channels in (1, 2):
                shuffled = (*leading, channels * factor**2, 3, 2)
                _record(family, "pixelShuffle", functional.pixel_shuffle, "upscaleFactor", factor, shuffled)
                unshuffled = (*leading, channels, 2 * factor, 3 * factor)
                _record(family, "pixelUnshuffle", functional.pixel_unshuffle, "downscaleFactor", factor, unshuffled)
    _record(family, "pixelShuffle", functional.pixel_shuffle, "upscaleFactor", 3, (1, 27, 4, 4))
    # Without gradients: PyTorch 2.13 cannot differentiate the shuffle of an empty batch (wrong shape of the gradient).
    empty = partial(_record, family, differentiable=False)
    empty("pixelShuffle", functional.pixel_shuffle, "upscaleFactor", 2, (0, 4, 3, 2))
    empty("pixelUnshuffle", functional.pixel_unshuffle, "downscaleFactor", 2, (0, 1, 4, 6))
    return family


def _record(family, operation, function, argument, factor, shape, differentiable=True):
    family.record(
        f"{operation}-r{factor}-{dimensions(shape)}", operation, {argument: factor},
        {"input": Generated(shape, differentiable=differentiable)},
        lambda input: function(input, factor),
        exact=True,
    )
