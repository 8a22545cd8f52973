"""interpolate: every mode with sizes and scale factors, corner alignment, recomputed scale factors and antialiasing."""

from torch.nn import functional

from .family import Family
from .naming import dimensions
from .values import Generated

_SMOOTH = {1: ["linear"], 2: ["bilinear", "bicubic"], 3: ["trilinear"]}


def record():
    family = Family("interpolate")
    for rank, shape in [(1, (2, 3, 7)), (2, (1, 2, 4, 5)), (3, (1, 2, 3, 4, 3))]:
        for mode in ["nearest", "nearest-exact", "area"]:
            _record_targets(family, mode, shape)
        for mode in _SMOOTH[rank]:
            for align in (False, True):
                _record_targets(family, mode, shape, align)
    for mode in ["bilinear", "bicubic"]:
        for align in (False, True):
            _record_targets(family, mode, (1, 2, 5, 6), align, antialias=True)
    _record_targets(family, "lanczos", (1, 2, 5, 6), antialias=True)
    _record_corners(family)
    return family


def _record_targets(family, mode, shape, align=None, antialias=False):
    spatial = shape[2:]
    rank = len(spatial)
    sizes = [
        [2 * side for side in spatial],
        [side - 1 for side in spatial],
        [1] * rank,
        list(spatial),
        [13, 3, 5][:rank],
        [2, 11, 7][:rank],
    ]
    for size in sizes:
        _record(family, mode, shape, align, antialias, size=size)
    scales = [[2.0] * rank, [3.0] * rank, [0.5] * rank, [1.3] * rank, [0.7] * rank, [2.3, 0.6, 1.5][:rank]]
    for scale in scales:
        for recompute in (False, True):
            _record(family, mode, shape, align, antialias, scale=scale, recompute=recompute)


def _record_corners(family):
    for mode in ["nearest", "nearest-exact", "area", "bilinear", "bicubic"]:
        aligned = (False, True) if mode in _SMOOTH[2] else (None,)
        for align in aligned:
            _record(family, mode, (2, 1, 1, 1), align, size=[3, 4])
            _record(family, mode, (0, 2, 3, 4), align, size=[6, 5])
            _record(family, mode, (1, 1, 2, 1), align, scale=[4.0, 4.0])
            _record(family, mode, (1, 1, 9, 17), align, size=[5, 37])
    for mode in ["bilinear", "bicubic", "lanczos"]:
        align = None if mode == "lanczos" else False
        _record(family, mode, (2, 1, 1, 1), align, True, size=[3, 4])
        _record(family, mode, (1, 1, 17, 31), align, True, size=[4, 5])
        _record(family, mode, (1, 1, 9, 17), align, True, size=[5, 37])
        _record(family, mode, (1, 1, 12, 20), align, True, scale=[0.25, 0.25])


def _record(family, mode, shape, align, antialias=False, size=None, scale=None, recompute=False):
    attributes = {"mode": mode}
    parts = [mode, dimensions(shape)]
    if size:
        attributes["size"] = size
        parts.append(f"to{dimensions(size)}")
    if scale:
        attributes["scaleFactor"] = scale
        attributes["recomputeScaleFactor"] = recompute
        parts.append(f"by{'x'.join(map(str, scale))}")
        if recompute:
            parts.append("recomputed")
    if align is not None:
        attributes["alignCorners"] = align
        if align:
            parts.append("aligned")
    attributes["antialias"] = antialias
    if antialias:
        parts.append("antialias")
    family.record(
        "-".join(parts), "interpolate", attributes, {"input": Generated(shape)},
        lambda input: functional.interpolate(
            input, size=size, scale_factor=scale, mode=mode, align_corners=align,
            recompute_scale_factor=recompute or None, antialias=antialias,
        ),
        exact=mode.startswith("nearest"),
    )
