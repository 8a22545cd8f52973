"""PyTorch at one step of training: forward, backward and Adam."""
import torch
from torch import nn
from torch.nn import functional


class FSRCNN(nn.Module):
    """With our names of its layers."""

    def __init__(self, scale, features=56, shrunk=12, mappings=4):
        super().__init__()
        self.feature = nn.Conv2d(1, features, 5, padding=2)
        self.featureActivation = nn.PReLU(features)
        self.middle = nn.ModuleList([
            nn.Conv2d(features, shrunk, 1), *[nn.Conv2d(shrunk, shrunk, 3, padding=1) for _ in range(mappings)],
            nn.Conv2d(shrunk, features, 1)])
        self.middleActivations = nn.ModuleList(nn.PReLU(layer.out_channels) for layer in self.middle)
        self.enlargement = nn.ConvTranspose2d(
            features, 1, 9, stride=scale, padding=4, output_padding=scale - 1)

    def forward(self, x):
        x = self.featureActivation(self.feature(x))
        for layer, activation in zip(self.middle, self.middleActivations):
            x = activation(layer(x))
        return self.enlargement(x)


def torch_default(case, tensors, threads):
    return _step(case, tensors, torch.contiguous_format)


def torch_channels_last(case, tensors, threads):
    return _step(case, tensors, torch.channels_last)


def _step(case, tensors, memory_format):
    network = FSRCNN(case.scale)
    network.load_state_dict({name: tensor for name, tensor in tensors.items() if name not in ("input", "target")})
    network = network.to(memory_format=memory_format)
    picture, target = (tensors[name].contiguous(memory_format=memory_format) for name in ("input", "target"))
    optimizer = torch.optim.Adam(network.parameters(), lr=1e-3)

    def call():
        with torch.enable_grad():
            optimizer.zero_grad()
            functional.l1_loss(network(picture), target).backward()
            optimizer.step()
        gradients = {name: parameter.grad for name, parameter in network.named_parameters()}
        return [gradients[name] for name in tensors if name in gradients]
    return call


ALL = {"torch": torch_default, "torch channels_last": torch_channels_last}
