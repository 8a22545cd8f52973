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


class DCGAN(nn.Module):
    """Generator and discriminator for pictures of 64 x 64."""

    def __init__(self):
        super().__init__()
        generator = [nn.ConvTranspose2d(100, 512, 4, bias=False), nn.BatchNorm2d(512), nn.ReLU()]
        for channels in (512, 256, 128):
            generator += [nn.ConvTranspose2d(channels, channels // 2, 4, 2, 1, bias=False),
                          nn.BatchNorm2d(channels // 2), nn.ReLU()]
        self.generator = nn.Sequential(*generator, nn.ConvTranspose2d(64, 3, 4, 2, 1, bias=False), nn.Tanh())
        discriminator = [nn.Conv2d(3, 64, 4, 2, 1, bias=False), nn.LeakyReLU(0.2)]
        for channels in (64, 128, 256):
            discriminator += [nn.Conv2d(channels, channels * 2, 4, 2, 1, bias=False),
                              nn.BatchNorm2d(channels * 2), nn.LeakyReLU(0.2)]
        self.discriminator = nn.Sequential(*discriminator, nn.Conv2d(512, 1, 4, bias=False))


def torch_default(case, tensors, threads):
    return _step(case, tensors, torch.contiguous_format)


def torch_channels_last(case, tensors, threads):
    return _step(case, tensors, torch.channels_last)


def _step(case, tensors, memory_format):
    step = _adversarial_step if case.operation == "trainAdversaries" else _super_resolution_step
    return step(case, tensors, memory_format)


def _adversarial_step(case, tensors, memory_format):
    networks = DCGAN()
    networks.load_state_dict({name: tensor for name, tensor in tensors.items() if name not in ("input", "target")})
    networks = networks.to(memory_format=memory_format)
    generator, discriminator = networks.generator, networks.discriminator
    noise, pictures = (tensors[name].contiguous(memory_format=memory_format) for name in ("input", "target"))
    real = torch.ones(len(pictures), 1, 1, 1)
    optimizers = [torch.optim.Adam(network.parameters(), lr=2e-4, betas=(0.5, 0.999)) for network in (generator, discriminator)]
    loss = functional.binary_cross_entropy_with_logits

    def call():
        with torch.enable_grad():
            fake = generator(noise)
            own = list(generator.parameters())
            # Without the discriminator's gradients, which are not wanted here.
            for parameter, gradient in zip(own, torch.autograd.grad(loss(discriminator(fake), real), own)):
                parameter.grad = gradient
            optimizers[1].zero_grad()
            (loss(discriminator(pictures), real) + loss(discriminator(fake.detach()), 0 * real)).backward()
            for optimizer in optimizers:
                optimizer.step()
        gradients = {name: parameter.grad for name, parameter in networks.named_parameters()}
        return [gradients[name] for name in tensors if name in gradients]
    return call


def _super_resolution_step(case, tensors, memory_format):
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
