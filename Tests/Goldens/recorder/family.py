"""A family of cases: runs each through PyTorch and collects what one golden file holds."""

import json

import torch

from . import safetensors
from .values import Generated, generate


class Family:
    """The cases of one operation or of a few related ones, written as one file `<name>.safetensors`."""

    def __init__(self, name):
        self.name = name
        self.tensors = {}
        self.metadata = {"torch": torch.__version__}
        self._next_seed = 1

    def record(self, case, operation, attributes, inputs, function, exact=False, special=False):
        """Runs `function(**inputs)` and its derivative.

        `function` returns the output, or the output and a dictionary of further results without gradients.
        An `exact` case is stored in float32 and proven to be the same for every order of summation. Any other case is
        run in float64 on the same float32 inputs and stored as float64. A `special` case is stored in both.
        """
        seeds = {name: self._seed() for name, value in inputs.items() if isinstance(value, Generated)}
        values = {
            name: value.tensor(seeds[name]) if isinstance(value, Generated) else value.values
            for name, value in inputs.items()
        }
        differentiable = [name for name, value in inputs.items() if value.differentiable]
        seeds["cotangent"] = self._seed()

        single = _run(function, values, differentiable, seeds["cotangent"], torch.float32)
        double = _run(function, values, differentiable, seeds["cotangent"], torch.float64)
        results = double
        if exact:
            _require_exact(case, single, double, function, values, differentiable, seeds["cotangent"])
            results = single

        shapes = {name: list(value.shape) for name, value in values.items()}
        shapes["output"] = list(double["output"].shape)
        attributes = {"op": operation, **attributes, "shapes": shapes, "seeds": seeds}
        generated = {name: value for name, value in inputs.items() if isinstance(value, Generated)}
        positive = [name for name, value in generated.items() if value.positive]
        scales = {name: value.scale for name, value in generated.items() if value.scale != 1}
        stored = [name for name in inputs if name not in generated]
        if positive:
            attributes["positive"] = positive
        if scales:
            attributes["scales"] = scales
        if stored:
            attributes["stored"] = stored
        attributes["exact"] = exact
        if special:
            attributes["special"] = True
            results = results | {f"{name}.float32": value for name, value in single.items()}
        elif not exact:
            attributes["torchError"] = {name: _distance(single[name], double[name]) for name in double}
        self.add(case, attributes, {name: inputs[name].values for name in stored} | results)

    def add(self, case, attributes, tensors):
        """Adds a case made by hand."""
        key = f"case.{case}"
        if key in self.metadata:
            raise ValueError(f"{self.name}: two cases are called {case}")
        self.metadata[key] = json.dumps(attributes, separators=(",", ":"))
        for name, tensor in tensors.items():
            self.tensors[f"{case}/{name}"] = tensor

    def write(self, folder):
        """Writes the file and returns its path and the number of its cases."""
        path = folder / f"{self.name}.safetensors"
        safetensors.write(path, self.tensors, self.metadata)
        return path, len(self.metadata) - 1

    def _seed(self):
        seed = self._next_seed
        self._next_seed += 1
        return seed


def _run(function, values, differentiable, cotangent_seed, dtype, absolute=False):
    """The output, the further results and the gradients of one run in `dtype`, by the names they are stored under."""
    arguments = {name: value.to(dtype).abs() if absolute else value.to(dtype) for name, value in values.items()}
    for name in differentiable:
        arguments[name] = arguments[name].clone().requires_grad_()
    result = function(**arguments)
    output, further = result if isinstance(result, tuple) else (result, {})
    results = {"output": output.detach()} | {name: value.detach() for name, value in further.items()}
    if not differentiable:
        return results
    cotangent = generate(output.shape, cotangent_seed).to(dtype)
    gradients = torch.autograd.grad(
        output,
        [arguments[name] for name in differentiable],
        cotangent.abs() if absolute else cotangent,
    )
    return results | {f"gradient.{name}": gradient for name, gradient in zip(differentiable, gradients)}


def _require_exact(case, single, double, function, values, differentiable, cotangent_seed):
    """Fails unless float32 holds every partial sum of the case, in whatever order and with or without FMA.

    Inputs are multiples of 1/64, so sums of their products are multiples of 1/4096: exact below 2^24/4096.
    """
    bound = _run(function, values, differentiable, cotangent_seed, torch.float64, absolute=True)
    for name in double:
        if not torch.equal(single[name].double(), double[name]):
            raise ValueError(f"{case}: {name} differs between float32 and float64")
        if bound[name].numel() and bound[name].abs().max() >= 4096:
            raise ValueError(f"{case}: partial sums of {name} may round")


def _distance(single, double):
    """The largest |float32 result - float64 result|, to two digits."""
    if double.numel() == 0:
        return 0.0
    return float(f"{(single.double() - double).abs().max().item():.1e}")
