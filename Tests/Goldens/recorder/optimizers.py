"""Twenty steps of PyTorch's optimizers, and of SOAP, on a quadratic loss whose gradient has noise."""

import torch

from .family import Family
from .values import generate

_STEPS = 20
_SHAPE = (3, 4)


class SOAP(torch.optim.Optimizer):
    """Vyas et al. 2024, algorithm 3, for one matrix: PyTorch has none."""

    def __init__(self, parameters, lr, betas=(0.95, 0.95), eps=1e-8, interval=10):
        super().__init__(parameters, {"lr": lr, "betas": betas, "eps": eps, "interval": interval})
        self.steps = 0

    @torch.no_grad()
    def step(self):
        self.steps += 1
        group = self.param_groups[0]
        parameter, (beta1, beta2) = group["params"][0], group["betas"]
        gradient = parameter.grad
        if self.steps == 1:
            rows, columns = gradient.shape
            self.mean, self.square = torch.zeros_like(gradient), torch.zeros_like(gradient)
            self.left, self.right = gradient.new_zeros(rows, rows), gradient.new_zeros(columns, columns)
            self.u, self.v = torch.eye(rows).to(gradient), torch.eye(columns).to(gradient)
        self.left = beta2 * self.left + (1 - beta2) * gradient @ gradient.T
        self.right = beta2 * self.right + (1 - beta2) * gradient.T @ gradient
        if self.steps % group["interval"] == 0:
            self.u = torch.linalg.qr(self.left @ self.u).Q
            self.v = torch.linalg.qr(self.right @ self.v).Q
        self.mean = beta1 * self.mean + (1 - beta1) * gradient
        self.square = beta2 * self.square + (1 - beta2) * (self.u.T @ gradient @ self.v) ** 2
        mean = self.u.T @ self.mean @ self.v / (1 - beta1**self.steps)
        change = mean / ((self.square / (1 - beta2**self.steps)).sqrt() + group["eps"])
        parameter -= group["lr"] * self.u @ change @ self.v.T


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
        ("soap", SOAP, {"lr": 0.01, "interval": 3}),
        ("soap-options", SOAP, {"lr": 0.02, "betas": (0.5, 0.9), "eps": 1e-3}),
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
