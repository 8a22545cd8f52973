"""Other libraries at functions of one picture."""
import torch
from torch.nn import functional


def torch_default(case, tensors, threads):
    function = _function(case)
    return lambda: [function(tensors["input"])]


def torch_channels_last(case, tensors, threads):
    function, picture = _function(case), tensors["input"].contiguous(memory_format=torch.channels_last)
    return lambda: [function(picture)]


def _function(case):
    match case.operation:
        case "pixelShuffle":
            return lambda picture: functional.pixel_shuffle(picture, case.scale)
        case "nearest":
            return lambda picture: functional.interpolate(picture, scale_factor=case.scale)
        case "bilinear" | "bicubic":
            return lambda picture: functional.interpolate(
                picture, scale_factor=case.scale, mode=case.operation, antialias=case.antialias)
        case "leakyReLU":
            return lambda picture: functional.leaky_relu(picture, 0.1)
        case "tanh" | "sigmoid":
            return getattr(torch, case.operation)
        case "instanceNorm":
            return functional.instance_norm


def opencv(case, tensors, threads):
    """Its interpolation without antialias, which is PyTorch's but for the border of what shrinks by nearest."""
    import cv2

    mode = {"bilinear": cv2.INTER_LINEAR, "bicubic": cv2.INTER_CUBIC, "nearest": cv2.INTER_NEAREST}.get(case.operation)
    if mode is None or case.antialias:
        return None
    cv2.setNumThreads(threads)
    picture = tensors["input"][0].permute(1, 2, 0).contiguous().numpy()
    size = int(case.width * case.scale), int(case.height * case.scale)

    def call():
        return [cv2.resize(picture, size, interpolation=mode).transpose(2, 0, 1)[None]]
    return call


ALL = {"torch": torch_default, "torch channels_last": torch_channels_last, "opencv": opencv}
