"""Twenty steps of PyTorch's optimizers on a quadratic loss whose gradient has noise."""

import torch

from .family import Family
from .values import generate

_STEPS = 20
_SHAPE = (3, 4)


def record():
    family = Family("optimizers")
    for case, optimizer, options in [
        ("sgd", torch.optim.SGD, {"lr": 0.05}),
        ("sgd-decay", torch.optim.SGD, {"lr": 0.05, "weight_decay": 0.1}),
        ("sgd-momentum", torch.optim.SGD, {"lr": 0.02, "momentum": 0.9}),
        ("sgd-nesterov", torch.optim.SGD, {"lr": 0.02, "momentum": 0.9, "nesterov": True, "weight_decay": 0.01}),
        ("adam", torch.optim.Adam, {"lr": 0.01}),
        ("adam-options", torch.optim.Adam, {"lr": 0.02, "betas": (0.5, 0.9), "eps": 1e-3, "weight_decay": 0.1}),
        ("adamw", torch.optim.AdamW, {"lr": 0.02, "weight_decay": 0.1}),
    ]:
        parameter = generate(_SHAPE, 1).double().requires_grad_()
        stepper = optimizer([parameter], **options)
        for step in range(_STEPS):
            parameter.grad = parameter.detach() + generate(_SHAPE, 100 + step).double()
            stepper.step()
        attributes = {
            "op": case.split("-")[0], **options, "steps": _STEPS, "shapes": {"parameter": _SHAPE, "output": _SHAPE},
            "seeds": {"parameter": 1}, "exact": False,
        }
        family.add(case, attributes, {"output": parameter.detach()})
    return family
