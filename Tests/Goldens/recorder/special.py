"""The float32 values at which functions go wrong."""

import torch

_POSITIVE = [
    0.0, 1e-45, 1e-42, 1.17549435e-38, 1e-30, 1e-20, 1e-10, 1e-7, 1e-4, 0.1, 0.5, 1.0, 1.5, 2.0, 3.0, 5.0, 9.0, 10.0,
    20.0, 87.0, 88.0, 89.0, 103.0, 104.0, 200.0, 1e4, 1e10, 1e19, 2e19, 1e30, 3.4e38, float("inf"),
]

# Both signs of every magnitude, -0 and NaN.
SPECIAL_VALUES = torch.tensor([sign * value for value in _POSITIVE for sign in (1, -1)] + [float("nan")])

# Every pair of these meets in the special cases of two-operand functions.
SPECIAL_OPERANDS = [0.0, -0.0, 1.0, -1.0, 2.5, 1e-42, 1e-30, -1e30, 3.4e38, float("inf"), -float("inf"), float("nan")]
