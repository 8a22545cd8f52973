"""The networks that models.py times: a line for each layer, as Network.swift reads it, and the same in other libraries."""
import numpy
import torch
from torch import nn


def _mapped(count, channels):
    return [line for _ in range(count) for line in (f"conv {channels} {channels} 3 1 1", f"prelu {channels}")]


def _residual(channels):
    half = ["reflect 1", f"conv {channels} {channels} 3 1 0", "instanceNorm"]
    return ["save"] + half + ["relu"] + half + ["add"]


# name: (batch, channels, height, width), layers
ALL = {
    "fsrcnn x2 960x540": ((1, 1, 540, 960), [
        "conv 1 56 5 1 2", "prelu 56", "conv 56 12 1 1 0", "prelu 12", *_mapped(4, 12), "conv 12 56 1 1 0", "prelu 56",
        "convTranspose 56 1 9 2 4 1"]),
    "espcn x2 960x540": ((1, 1, 540, 960), [
        "conv 1 64 5 1 2", "tanh", "conv 64 32 3 1 1", "tanh", "conv 32 4 3 1 1", "shuffle 2"]),
    "srvgg16 x2 256": ((1, 3, 256, 256), [
        "save", "conv 3 64 3 1 1", "prelu 64", *_mapped(16, 64), "conv 64 12 3 1 1", "shuffle 2", "addEnlarged"]),
    "upconv7 256": ((1, 3, 256, 256), [
        line for inputs, outputs in ((3, 16), (16, 32), (32, 64), (64, 128), (128, 128), (128, 256))
        for line in (f"conv {inputs} {outputs} 3 1 0", "leaky")] + ["convTranspose 256 3 4 2 3 0"]),
    "style 512": ((1, 3, 512, 512), [
        "reflect 4", "conv 3 32 9 1 0", "instanceNorm", "relu", "reflect 1", "conv 32 64 3 2 0", "instanceNorm", "relu",
        "reflect 1", "conv 64 128 3 2 0", "instanceNorm", "relu", *[line for _ in range(5) for line in _residual(128)],
        "convTranspose 128 64 3 2 1 1", "instanceNorm", "relu", "convTranspose 64 32 3 2 1 1", "instanceNorm", "relu",
        "reflect 4", "conv 32 3 9 1 0"]),
    "dcgan 64": ((1, 100, 1, 1), [
        "convTranspose 100 512 4 1 0 0", "relu", "convTranspose 512 256 4 2 1 0", "relu", "convTranspose 256 128 4 2 1 0",
        "relu", "convTranspose 128 64 4 2 1 0", "relu", "convTranspose 64 3 4 2 1 0", "tanh"]),
}


class Torch(nn.Module):
    """The network in PyTorch."""

    def __init__(self, layers):
        super().__init__()
        self.lines = [line.split() for line in layers]
        self.parts = nn.ModuleDict()
        for index, (kind, *numbers) in enumerate(self.lines):
            n = [int(number) for number in numbers]
            if kind == "conv":
                self.parts[str(index)] = nn.Conv2d(n[0], n[1], n[2], n[3], n[4])
            elif kind == "convTranspose":
                self.parts[str(index)] = nn.ConvTranspose2d(n[0], n[1], n[2], n[3], n[4], n[5])
            elif kind == "prelu":
                self.parts[str(index)] = nn.PReLU(n[0])

    def forward(self, x):
        saved = []
        for index, (kind, *numbers) in enumerate(self.lines):
            if str(index) in self.parts:
                x = self.parts[str(index)](x)
            elif kind == "relu":
                x = nn.functional.relu(x)
            elif kind == "leaky":
                x = nn.functional.leaky_relu(x, 0.1)
            elif kind == "tanh":
                x = torch.tanh(x)
            elif kind == "instanceNorm":
                x = nn.functional.instance_norm(x)
            elif kind == "shuffle":
                x = nn.functional.pixel_shuffle(x, int(numbers[0]))
            elif kind == "reflect":
                x = nn.functional.pad(x, [int(numbers[0])] * 4, mode="reflect")
            elif kind == "save":
                saved.append(x)
            elif kind == "add":
                x = x + saved.pop()
            elif kind == "addEnlarged":
                x = x + nn.functional.interpolate(saved.pop(), scale_factor=2, mode="nearest")
        return x


def torch_call(model, x, threads, channels_last=False):
    if channels_last:
        model, x = model.to(memory_format=torch.channels_last), x.contiguous(memory_format=torch.channels_last)
    return lambda: [model(x)]


def _onnx(model, x):
    import contextlib
    import io

    file = io.BytesIO()
    with contextlib.redirect_stdout(io.StringIO()):
        torch.onnx.export(model, (x,), file, input_names=["input"], output_names=["output"], dynamo=False)
    return file.getvalue()


def onnxruntime_call(model, x, threads):
    import onnxruntime as runtime

    options = runtime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    session = runtime.InferenceSession(_onnx(model, x), options, providers=["CPUExecutionProvider"])
    return lambda: session.run(None, {"input": x.numpy()})


def openvino_call(model, x, threads):
    import openvino as vino

    core = vino.Core()
    compiled = core.compile_model(core.read_model(_onnx(model, x)), "CPU", {
        "INFERENCE_PRECISION_HINT": "f32", "INFERENCE_NUM_THREADS": threads, "NUM_STREAMS": 1,
        "PERFORMANCE_HINT": "LATENCY"})
    request = compiled.create_infer_request()
    request.set_input_tensor(vino.Tensor(x.numpy(), shared_memory=True))

    def call():
        request.infer()
        return [request.get_output_tensor().data]
    return call


def ncnn_call(model, x, threads):
    import tempfile

    import ncnn as library

    rows, data = ["Input input 0 1 b0"], []
    blob, saved, blobs = "b0", [], 1

    def add(kind, inputs, parameters="", outputs=1):
        nonlocal blobs
        names = [f"b{blobs + i}" for i in range(outputs)]
        blobs += outputs
        rows.append(f"{kind} l{len(rows)} {len(inputs)} {outputs} {' '.join(inputs)} {' '.join(names)} {parameters}")
        return names if outputs > 1 else names[0]

    def weights(part, is_transposed):
        weight = part.weight.transpose(0, 1) if is_transposed else part.weight
        data.extend([numpy.zeros(1, numpy.float32), weight.contiguous().numpy().ravel(), part.bias.numpy()])

    for index, (kind, *numbers) in enumerate(model.lines):
        n = [int(number) for number in numbers]
        part = model.parts[str(index)] if str(index) in model.parts else None
        if kind in ("conv", "convTranspose"):
            extra = f" 18={n[5]}" if kind == "convTranspose" and n[5] else ""
            blob = add("Convolution" if kind == "conv" else "Deconvolution", [blob],
                       f"0={n[1]} 1={n[2]} 3={n[3]} 4={n[4]} 5=1 6={part.weight.numel()}{extra}")
            weights(part, kind == "convTranspose")
        elif kind == "prelu":
            blob = add("PReLU", [blob], f"0={n[0]}")
            data.append(part.weight.numpy())
        elif kind in ("relu", "leaky"):
            blob = add("ReLU", [blob], "0=0.1" if kind == "leaky" else "")
        elif kind == "tanh":
            blob = add("TanH", [blob])
        elif kind == "instanceNorm":
            blob = add("InstanceNorm", [blob], "0=0 1=1.000000e-05 2=0")
        elif kind == "shuffle":
            blob = add("PixelShuffle", [blob], f"0={n[0]}")
        elif kind == "reflect":
            blob = add("Padding", [blob], f"0={n[0]} 1={n[0]} 2={n[0]} 3={n[0]} 4=2")
        elif kind == "save":
            blob, other = add("Split", [blob], outputs=2)
            saved.append(other)
        elif kind in ("add", "addEnlarged"):
            other = saved.pop()
            if kind == "addEnlarged":
                other = add("Interp", [other], "0=1 1=2.0 2=2.0")
            blob = add("BinaryOp", [blob, other], "0=0")
    network = library.Net()
    network.opt.num_threads = threads
    for option in ("use_fp16_packed", "use_fp16_storage", "use_fp16_arithmetic", "use_bf16_storage"):
        setattr(network.opt, option, False)
    network.load_param_mem(f"7767517\n{len(rows)} {blobs}\n" + "\n".join(rows) + "\n")
    with tempfile.NamedTemporaryFile(suffix=".bin") as file:
        file.write(numpy.concatenate(data).astype(numpy.float32).tobytes())
        file.flush()
        network.load_model(file.name)

    def call():
        extractor = network.create_extractor()
        extractor.input("b0", library.Mat(x[0].numpy()))
        return [numpy.array(extractor.extract(blob)[1], copy=False)[None]]
    return call


RIVALS = {
    "torch": torch_call, "torch channels_last": lambda *arguments: torch_call(*arguments, channels_last=True),
    "onnxruntime": onnxruntime_call, "openvino": openvino_call, "ncnn": ncnn_call,
}
