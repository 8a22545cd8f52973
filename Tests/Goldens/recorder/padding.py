"""Padding of one and of two axes in the four modes."""

from torch.nn import functional

from .family import Family
from .naming import dimensions
from .values import Generated

# PyTorch's spelling of each mode, and the widest pad it allows for a side of n.
_MODES = {
    "zeros": ("constant", lambda n: 99),
    "reflect": ("reflect", lambda n: n - 1),
    "replicate": ("replicate", lambda n: 99),
    "circular": ("circular", lambda n: n),
}
_PADS_1D = [[0, 0], [1, 1], [2, 0], [0, 3], [4, 4], [5, 5], [7, 9], [1, 6]]
_PADS_2D = [
    [0, 0, 0, 0], [1, 1, 1, 1], [1, 2, 0, 3], [0, 3, 2, 1], [3, 3, 2, 2], [4, 0, 0, 3], [4, 4, 3, 3], [9, 5, 4, 7],
]


def record():
    family = Family("pad")
    for mode in _MODES:
        for pads in _PADS_1D:
            for shape in [(2, 3, 5), (3, 5)]:
                _record_if_legal(family, mode, pads, shape)
        for pads in _PADS_2D:
            for shape in [(2, 2, 3, 4), (2, 3, 4)]:
                _record_if_legal(family, mode, pads, shape)
        for pads in [[1, 1, 1, 1], [0, 0, 0, 0]]:
            _record_if_legal(family, mode, pads, (1, 1, 1, 1))
            _record_if_legal(family, mode, pads, (1, 2, 2, 17))
    return family


def _record_if_legal(family, mode, pads, shape):
    torch_mode, widest = _MODES[mode]
    sides = [shape[-1 - index // 2] for index in range(len(pads))]
    if any(pad > widest(side) for pad, side in zip(pads, sides)):
        return
    family.record(
        f"{mode}-{dimensions(shape)}-{','.join(map(str, pads))}", "pad", {"mode": mode, "pads": pads},
        {"input": Generated(shape)},
        lambda input: functional.pad(input, pads, mode=torch_mode),
        exact=True,
    )
