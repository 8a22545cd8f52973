"""Whole models: state dictionary, printed form, output and gradients; and the initial distributions of the layers."""

import math

import torch
from torch import nn
from torch.func import functional_call

from .family import Family
from .values import Generated, Stored


def record():
    torch.manual_seed(20)
    family = Family("models")
    _record_model(family, "article", _article(), (1, 3, 5, 6))
    _record_model(family, "article-28", nn.Sequential(nn.ConvTranspose2d(3, 3, 4, 2, 1)), (1, 3, 28, 28))
    _record_model(family, "mixed-evaluation", _mixed(), (2, 3, 8, 6))
    _record_model(family, "mixed-training", _mixed(dropout=False), (2, 3, 8, 6), training=True)
    _record_model(family, "fsrcnn", _fsrcnn(scale=2), (1, 1, 7, 6))
    _record_model(family, "espcn", _espcn(scale=3), (1, 1, 7, 6))
    _record_model(family, "classifier", _classifier(), (2, 3, 8, 8))
    _record_model(family, "nested", _nested(), (1, 3, 4, 5))
    _record_distributions(family)
    return family


def _article():
    return nn.Sequential(nn.ConvTranspose2d(3, 32, 4, 2, 1), nn.ReLU(), nn.ConvTranspose2d(32, 3, 4, 2, 1))


def _mixed(dropout=True):
    layers = [
        nn.Conv2d(3, 8, 3, padding=1, padding_mode="reflect", bias=False),
        nn.BatchNorm2d(8),
        nn.LeakyReLU(0.2),
        nn.Dropout(0.25),
        nn.Upsample(scale_factor=2, mode="bilinear", align_corners=False),
        nn.Conv2d(8, 12, 3, stride=2, padding=1, groups=2),
        nn.PixelShuffle(2),
        nn.Flatten(),
        nn.Linear(3 * 16 * 12, 10),
    ]
    return nn.Sequential(*(layer for layer in layers if dropout or not isinstance(layer, nn.Dropout)))


def _fsrcnn(scale, feature=16, shrunk=6, mapped=2):
    layers = [nn.Conv2d(1, feature, 5, padding=2), nn.PReLU(feature), nn.Conv2d(feature, shrunk, 1), nn.PReLU(shrunk)]
    for _ in range(mapped):
        layers += [nn.Conv2d(shrunk, shrunk, 3, padding=1), nn.PReLU(shrunk)]
    layers += [nn.Conv2d(shrunk, feature, 1), nn.PReLU(feature)]
    layers += [nn.ConvTranspose2d(feature, 1, 9, scale, 4, scale - 1)]
    return nn.Sequential(*layers)


def _espcn(scale):
    return nn.Sequential(
        nn.Conv2d(1, 12, 5, padding=2), nn.Tanh(), nn.Conv2d(12, 8, 3, padding=1), nn.Tanh(),
        nn.Conv2d(8, scale**2, 3, padding=1), nn.PixelShuffle(scale), nn.Sigmoid(),
    )


def _classifier():
    return nn.Sequential(
        nn.Conv2d(3, 6, 3), nn.GroupNorm(2, 6), nn.SiLU(), nn.MaxPool2d(2),
        nn.InstanceNorm2d(6, affine=True), nn.GELU(),
        nn.AdaptiveAvgPool2d((2, 2)), nn.Flatten(), nn.Linear(24, 5), nn.Softmax(dim=1),
    )


def _nested():
    block = nn.Sequential(nn.Conv2d(4, 4, 3, padding=1), nn.PReLU(), nn.Identity())
    return nn.Sequential(
        nn.Conv2d(3, 4, (3, 1), padding="same", dilation=2), nn.Sequential(block, nn.AvgPool2d(2, 1)),
        nn.ConvTranspose2d(4, 2, (3, 2), (2, 1), output_padding=(1, 0), groups=2, bias=False),
        nn.Upsample(size=(12, 10), mode="nearest"),
    )


def _record_model(family, name, model, shape, training=False):
    model.train(training)
    with torch.no_grad():
        for module in model.modules():
            if isinstance(module, (nn.BatchNorm2d, nn.GroupNorm, nn.InstanceNorm2d)):
                module.weight.uniform_(0.5, 1.5)
                module.bias.uniform_(-0.5, 0.5)
            if isinstance(module, nn.BatchNorm2d):
                module.running_mean.uniform_(-0.5, 0.5)
                module.running_var.uniform_(0.5, 1.5)
    parameters = dict(model.named_parameters())
    # Counters such as num_batches_tracked are integers and have no place in the arithmetic.
    state = {key: value.detach().clone() for key, value in model.state_dict().items() if value.is_floating_point()}
    inputs = {"input": Generated(shape)} | {
        f"state.{key}": Stored(value, differentiable=key in parameters) for key, value in state.items()
    }

    def function(input, **tensors):
        replaced = {key.removeprefix("state."): value for key, value in tensors.items()}
        changing = {key: value.clone() for key, value in replaced.items() if key not in parameters}
        output = functional_call(model, replaced | changing, (input,))
        return (output, {f"after.{key}": value for key, value in changing.items()}) if training else output

    attributes = {
        "training": training,
        "printed": str(model),
        "stateKeys": list(model.state_dict()),
        "parameterCount": sum(value.numel() for value in parameters.values()),
    }
    family.record(name, "model", attributes, inputs, function)


def _record_distributions(family):
    """The initial weights and biases are uniform in (-sqrt k, sqrt k)."""
    for layer in [
        nn.ConvTranspose2d(3, 32, 4, 2, 1),
        nn.ConvTranspose2d(32, 3, 4, 2, 1),
        nn.ConvTranspose2d(8, 4, (3, 2), groups=4),
        nn.Conv2d(3, 32, 5),
        nn.Conv2d(32, 3, 5),
        nn.Conv2d(8, 16, (3, 2), groups=4),
        nn.Linear(40, 7),
        nn.Linear(7, 40),
    ]:
        kind = type(layer).__name__
        attributes = {"op": "initialDistribution", "layer": kind[0].lower() + kind[1:]}
        if isinstance(layer, nn.Linear):
            attributes |= {"inFeatures": layer.in_features, "outFeatures": layer.out_features}
        else:
            attributes |= {
                "inChannels": layer.in_channels,
                "outChannels": layer.out_channels,
                "kernelSize": list(layer.kernel_size),
                "groups": layer.groups,
            }
        # PyTorch counts everything behind the first axis of the weight, also where that axis holds the input channels.
        inverse = layer.weight[0].numel()
        _require_uniform(layer, math.sqrt(1 / inverse))
        attributes |= {
            "weightShape": list(layer.weight.shape),
            "inverseK": inverse,
            "printed": str(layer),
        }
        family.add(f"initial-{kind}-{'x'.join(map(str, layer.weight.shape))}-of{inverse}", attributes, {})


def _require_uniform(layer, bound):
    """Fails unless thousands of fresh draws stay within the bound and come close to it."""
    for _ in range(100):
        layer.reset_parameters()
        if max(layer.weight.abs().max(), layer.bias.abs().max()) > bound * (1 + 1e-6):
            raise ValueError(f"{layer}: a value above {bound}")
    if layer.weight.abs().max() < 0.9 * bound:
        raise ValueError(f"{layer}: all values far below {bound}")
