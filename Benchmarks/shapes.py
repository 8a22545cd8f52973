"""What is timed."""
from dataclasses import dataclass, replace
import math

import torch

import training_rivals


@dataclass(frozen=True)
class Layer:
    """A convolution or its gradients, by input, weight and bias."""
    name: str
    operation: str
    inputs: int
    outputs: int
    kernel: int
    stride: int
    padding: int
    output_padding: int
    groups: int
    dilation: int
    batch: int
    height: int
    width: int
    direction: str = "forward"
    unit = "GFLOP/s"

    @property
    def table(self):
        return self.operation if self.direction == "forward" else f"gradients of {self.operation}"

    def tensors(self):
        """Input, weight and bias; and, for gradients, that of the output."""
        channels = (self.outputs, self.inputs // self.groups) if self.operation == "conv2d" else (
            self.inputs, self.outputs // self.groups)
        scale = 1 / math.sqrt(self.inputs // self.groups * self.kernel**2)
        found = {
            "input": torch.rand(self.batch, self.inputs, self.height, self.width),
            "weight": (torch.rand(*channels, self.kernel, self.kernel) - 0.5) * scale,
            "bias": torch.rand(self.outputs),
        }
        if self.direction == "gradients":
            found["cotangent"] = torch.randn(self.batch, self.outputs, *self.output_size)
        return found

    @property
    def output_size(self):
        reach = self.dilation * (self.kernel - 1)
        if self.operation == "conv2d":
            return [(side + 2 * self.padding - reach - 1) // self.stride + 1 for side in (self.height, self.width)]
        return [(side - 1) * self.stride - 2 * self.padding + reach + self.output_padding + 1
                for side in (self.height, self.width)]

    @property
    def work(self):
        """Floating-point operations, a multiplication and an addition counting as two; the gradients take twice as many."""
        pixels = self.height * self.width
        if self.operation == "conv2d":
            pixels //= self.stride**2
        once = 1 if self.direction == "forward" else 2
        return once * 2 * self.batch * self.inputs * self.outputs // self.groups * self.kernel**2 * pixels


def _transposed(name, inputs, outputs, kernel, stride, padding, height, width=None, output_padding=0, groups=1,
                dilation=1, batch=1):
    return Layer(name, "convTranspose2d", inputs, outputs, kernel, stride, padding, output_padding, groups, dilation,
                 batch, height, width or height)


def _convolution(name, inputs, outputs, kernel, height, width=None):
    return Layer(name, "conv2d", inputs, outputs, kernel, 1, kernel // 2, 0, 1, 1, 1, height, width or height)


def _dcgan(batch):
    layers = [(1024, 512, 4), (512, 256, 8), (256, 128, 16), (128, 64, 32), (64, 3, 32)]
    return [_transposed(f"dcgan{number}_{inputs}-{outputs}_{side}_b{batch}", inputs, outputs, 4, 2, 1, side, batch=batch)
            for number, (inputs, outputs, side) in enumerate(layers, 1)]


def _gradients(layer):
    return replace(layer, name=f"grad_{layer.name}", direction="gradients")


@dataclass(frozen=True)
class Resampling:
    """A function of one picture, `(1, C, H, W)`."""
    name: str
    operation: str
    channels: int
    height: int
    width: int
    scale: float = 1
    antialias: bool = False
    unit = "GB/s"
    table = "pictures"

    def tensors(self):
        return {"input": torch.randn(1, self.channels, self.height, self.width)}

    @property
    def work(self):
        """Bytes read and written."""
        pixels = self.channels * self.height * self.width
        return 4 * pixels * (2 if self.operation == "pixelShuffle" else 1 + self.scale**2)


@dataclass(frozen=True)
class TrainingStep:
    """Forward, backward and Adam, of FSRCNN on luma."""
    name: str
    scale: int
    batch: int
    side: int
    # Rounding decides on which side of PReLU's kink a few elements fall.
    tolerance: float = 1e-3
    operation: str = "train"
    unit = "steps/s"
    table = "training steps"
    work = 1e9

    def tensors(self):
        """Weights, input and target."""
        shape = self.batch, 1, self.side, self.side
        target = self.batch, 1, self.side * self.scale, self.side * self.scale
        weights = {name: tensor.detach() for name, tensor in training_rivals.FSRCNN(self.scale).state_dict().items()}
        return weights | {"input": torch.rand(shape), "target": torch.rand(target)}


@dataclass(frozen=True)
class AdversarialStep:
    """Forward, backward and Adam, of DCGAN's generator and discriminator."""
    name: str
    batch: int
    # Rounding decides on which side of the activations' kinks a few elements fall; PyTorch's gradients differ by 0.034 from
    # those in double.
    tolerance: float = 0.1
    operation: str = "trainAdversaries"
    unit = "steps/s"
    table = "training steps"
    work = 1e9

    def tensors(self):
        """Weights, noise and pictures."""
        weights = {name: tensor.detach() for name, tensor in training_rivals.DCGAN().state_dict().items()}
        return weights | {"input": torch.randn(self.batch, 100, 1, 1), "target": torch.rand(self.batch, 3, 64, 64) * 2 - 1}


LAYERS = [
    _transposed("seed_3-32_k4s2_28", 3, 32, 4, 2, 1, 28),
    _transposed("seed_32-3_k4s2_56", 32, 3, 4, 2, 1, 56),
    _transposed("seed_3-32_k4s2_256", 3, 32, 4, 2, 1, 256),
    _transposed("seed_32-3_k4s2_256", 32, 3, 4, 2, 1, 256),
    _transposed("seed_3-32_k4s2_512", 3, 32, 4, 2, 1, 512),
    _transposed("seed_32-3_k4s2_512", 32, 3, 4, 2, 1, 512),
    *_dcgan(1),
    *[_transposed(f"fsrcnn_x{scale}_56-1_k9_128", 56, 1, 9, scale, 4, 128, output_padding=scale - 1)
      for scale in (2, 3, 4)],
    *[_transposed(f"fsrcnn_x{scale}_56-1_k9_540x960", 56, 1, 9, scale, 4, 540, 960, output_padding=scale - 1)
      for scale in (2, 3, 4)],
    *[_transposed(f"unet_{inputs}-{inputs // 2}_k2s2_{side}", inputs, inputs // 2, 2, 2, 0, side)
      for inputs, side in ((1024, 28), (512, 56), (256, 112), (128, 224))],
    _transposed("waifu_256-3_k4s2p3_128", 256, 3, 4, 2, 3, 128),
    _transposed("waifu_256-3_k4s2p3_256", 256, 3, 4, 2, 3, 256),
    *[_transposed(f"style_{inputs}-{inputs // 2}_k3s2_{side}", inputs, inputs // 2, 3, 2, 1, side, output_padding=1)
      for inputs, side in ((128, 64), (128, 128), (64, 128), (64, 256))],
    _transposed("dw_64_k4s2_128", 64, 64, 4, 2, 1, 128, groups=64),
    _transposed("dw_256_k4s2_32", 256, 256, 4, 2, 1, 32, groups=256),
    _transposed("grp4_128-128_k4s2_64", 128, 128, 4, 2, 1, 64, groups=4),
    _transposed("dil2_64-64_k3s1_64", 64, 64, 3, 1, 2, 64, dilation=2),
    _transposed("dil2_64-64_k3s2_64", 64, 64, 3, 2, 2, 64, output_padding=1, dilation=2),
    _transposed("fcn_21-21_k16s8_64", 21, 21, 16, 8, 4, 64),
    _transposed("big_16-16_k11s1_128", 16, 16, 11, 1, 5, 128),
    _transposed("s1_64-64_k3s1_128", 64, 64, 3, 1, 1, 128),
    *_dcgan(64),
    _convolution("c3_64-64_128", 64, 64, 3, 128),
    _convolution("c3_64-64_256", 64, 64, 3, 256),
    _convolution("c1_56-12_128", 56, 12, 1, 128),
    _convolution("c1_56-12_540x960", 56, 12, 1, 540, 960),
    _convolution("c1_12-56_540x960", 12, 56, 1, 540, 960),
    _convolution("c3_12-12_128", 12, 12, 3, 128),
    _convolution("c3_12-12_540x960", 12, 12, 3, 540, 960),
    _convolution("c5_3-64_256", 3, 64, 5, 256),
    _convolution("c5_1-56_540x960", 1, 56, 5, 540, 960),
    _convolution("c3_64-32_540x960", 64, 32, 3, 540, 960),
    _convolution("c3_32-4_540x960", 32, 4, 3, 540, 960),
    _convolution("c3_128-128_128", 128, 128, 3, 128),
    _convolution("c9_3-32_512", 3, 32, 9, 512),
    _convolution("c9_32-3_512", 32, 3, 9, 512),
]

_DIFFERENTIATED = (
    "seed_3-32_k4s2_28 seed_3-32_k4s2_256 seed_32-3_k4s2_256 fsrcnn_x2_56-1_k9_128 fsrcnn_x3_56-1_k9_128 "
    "unet_512-256_k2s2_56 unet_128-64_k2s2_224 waifu_256-3_k4s2p3_128 style_128-64_k3s2_64 style_64-32_k3s2_128 "
    "dw_256_k4s2_32 grp4_128-128_k4s2_64 dil2_64-64_k3s2_64 s1_64-64_k3s1_128 c3_64-64_128 c3_12-12_128 c5_3-64_256"
).split()
GRADIENTS = [_gradients(layer) for layer in LAYERS if layer.name in _DIFFERENTIATED or layer.name.startswith("dcgan")]

PICTURES = [
    *[Resampling(f"shuffle{scale}_{channels}x{height}x{width}", "pixelShuffle", channels, height, width, scale)
      for scale, channels, height, width in ((2, 4, 540, 960), (2, 12, 256, 256), (3, 9, 360, 640), (2, 256, 128, 128))],
    *[Resampling(f"{mode}{'_antialias' if antialias else ''}_{side}-{int(side * scale)}", mode, 3, side, side, scale,
                 antialias)
      for side, scale in ((512, 2), (1024, 0.5)) for mode in ("bilinear", "bicubic") for antialias in (False, True)],
    Resampling("nearest_x2_3x540x960", "nearest", 3, 540, 960, 2),
    *[Resampling(f"{operation}_64x256x256", operation, 64, 256, 256)
      for operation in ("leakyReLU", "tanh", "sigmoid", "instanceNorm")],
]

STEPS = [TrainingStep(f"train_fsrcnn_x{scale}_b16_32", scale, 16, 32) for scale in (2, 3)] + [
    AdversarialStep("train_dcgan_b64", 64)]

ALL = LAYERS + GRADIENTS + PICTURES + STEPS
