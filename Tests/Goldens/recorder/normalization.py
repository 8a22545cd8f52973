"""Batch, instance and group normalisation."""

import itertools

from torch.nn import functional

from .family import Family
from .naming import dimensions
from .values import Generated


def record():
    family = Family("normalization")
    for shape, affine, momentum, epsilon in itertools.product(
        [(2, 3, 4, 5), (4, 3), (3, 2, 7), (1, 2, 3, 3)], [False, True], [0.1, 0.3], [1e-5, 1e-3]
    ):
        _record_batch(family, shape, affine, momentum, epsilon, training=True)
    for shape, affine, epsilon in itertools.product(
        [(2, 3, 4, 5), (4, 3), (0, 3, 2, 2), (1, 2, 1, 1)], [False, True], [1e-5, 1e-3]
    ):
        _record_batch(family, shape, affine, 0.1, epsilon, training=False)
    for shape, affine, epsilon in itertools.product(
        [(2, 3, 4, 5), (3, 4, 5), (2, 2, 7, 1), (1, 1, 17, 3)], [False, True], [1e-5, 1e-3]
    ):
        _record_instance(family, shape, affine, epsilon)
    for shape, affine, groups in itertools.product([(2, 6, 3, 4), (3, 6), (2, 6, 5)], [False, True], [1, 2, 3, 6]):
        if shape != (3, 6) or groups < 6:  # One value per group has no variance.
            _record_group(family, shape, affine, groups, 1e-5)
    _record_group(family, (2, 6, 3, 4), True, 2, 1e-3)
    return family


def _parameters(channels, affine):
    return {"weight": Generated((channels,)), "bias": Generated((channels,))} if affine else {}


def _record_batch(family, shape, affine, momentum, epsilon, training):
    channels = shape[1]
    inputs = {"input": Generated(shape), **_parameters(channels, affine)}
    inputs["runningMean"] = Generated((channels,), differentiable=False)
    inputs["runningVariance"] = Generated((channels,), positive=True, differentiable=False)

    def function(input, runningMean, runningVariance, weight=None, bias=None):
        mean, variance = runningMean.clone(), runningVariance.clone()
        output = functional.batch_norm(input, mean, variance, weight, bias, training, momentum, epsilon)
        return (output, {"runningMean": mean, "runningVariance": variance}) if training else output

    attributes = {"affine": affine, "epsilon": epsilon, "training": training}
    if training:
        attributes["momentum"] = momentum
    parts = ["batch", "training" if training else "evaluation", dimensions(shape), "affine" if affine else "plain"]
    parts += [f"momentum{momentum}"] if training else []
    family.record("-".join(parts + [f"epsilon{epsilon}"]), "batchNorm", attributes, inputs, function)


def _record_instance(family, shape, affine, epsilon):
    # The unbatched shape (C, H, W) is given a batch axis and loses it again, as nn.InstanceNorm2d does.
    batched = len(shape) == 4
    inputs = {"input": Generated(shape), **_parameters(shape[-3], affine)}

    def function(input, weight=None, bias=None):
        output = functional.instance_norm(input if batched else input[None], weight=weight, bias=bias, eps=epsilon)
        return output if batched else output[0]

    family.record(
        "-".join(["instance", dimensions(shape), "affine" if affine else "plain", f"epsilon{epsilon}"]),
        "instanceNorm", {"affine": affine, "epsilon": epsilon}, inputs, function,
    )


def _record_group(family, shape, affine, groups, epsilon):
    inputs = {"input": Generated(shape), **_parameters(shape[1], affine)}
    family.record(
        "-".join(["group", dimensions(shape), f"{groups}groups", "affine" if affine else "plain", f"epsilon{epsilon}"]),
        "groupNorm", {"groups": groups, "affine": affine, "epsilon": epsilon}, inputs,
        lambda input, weight=None, bias=None: functional.group_norm(input, groups, weight, bias, epsilon),
    )
