"""Other libraries, each as a function that makes `call() -> arrays` for what is timed, or gives None where it lacks it.

A library that is not installed is left out with a word.
"""
import functools

import numpy
import torch

import picture_rivals
import training_rivals


def torch_default(layer, tensors, threads):
    return _torch_call(layer, tensors)


def torch_channels_last(layer, tensors, threads):
    def converted(tensor):
        return tensor.contiguous(memory_format=torch.channels_last) if tensor.dim() == 4 else tensor
    return _torch_call(layer, {name: converted(tensor) for name, tensor in tensors.items()})


def torch_without_mkldnn(layer, tensors, threads):
    inner = _torch_call(layer, tensors)

    def call():
        with torch.backends.mkldnn.flags(enabled=False):
            return inner()
    return call


def _torch_call(layer, tensors):
    operands = tensors["input"], tensors["weight"], tensors["bias"]
    is_transposed = layer.operation == "convTranspose2d"
    stride, padding, dilation, output_padding = (
        [value] * 2 for value in (layer.stride, layer.padding, layer.dilation, layer.output_padding))
    if layer.direction == "gradients":
        return lambda: torch.ops.aten.convolution_backward(
            tensors["cotangent"], *operands[:2], [layer.outputs], stride, padding, dilation, is_transposed, output_padding,
            layer.groups, [True, True, True])
    return lambda: [torch.ops.aten.convolution(
        *operands, stride, padding, dilation, is_transposed, output_padding, layer.groups)]


def onnxruntime(layer, tensors, threads):
    import onnxruntime as runtime

    options = runtime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    session = runtime.InferenceSession(
        _onnx_model(layer, tensors).SerializeToString(), options, providers=["CPUExecutionProvider"])
    inputs = {"input": tensors["input"].numpy()}
    return lambda: session.run(None, inputs)


def openvino(layer, tensors, threads):
    import openvino as vino

    core = vino.Core()
    model = core.read_model(_onnx_model(layer, tensors).SerializeToString())
    compiled = core.compile_model(model, "CPU", {
        "INFERENCE_PRECISION_HINT": "f32", "INFERENCE_NUM_THREADS": threads, "NUM_STREAMS": 1,
        "PERFORMANCE_HINT": "LATENCY"})
    request = compiled.create_infer_request()
    request.set_input_tensor(vino.Tensor(tensors["input"].numpy(), shared_memory=True))

    def call():
        request.infer()
        return [request.get_output_tensor().data]
    return call


def ncnn(layer, tensors, threads):
    import ncnn as library

    picture, weight, bias = tensors["input"], tensors["weight"], tensors["bias"]
    if layer.batch > 1:
        return None
    kind = {"conv2d": "Convolution", "convTranspose2d": "Deconvolution"}[layer.operation]
    kind += "DepthWise" if layer.groups > 1 else ""
    values = {0: layer.outputs, 1: layer.kernel, 2: layer.dilation, 3: layer.stride, 4: layer.padding, 5: 1,
              6: weight.numel()}
    if layer.output_padding:
        values[18] = layer.output_padding
    if layer.groups > 1:
        values[7] = layer.groups
    text = " ".join(f"{key}={value}" for key, value in values.items())
    network = library.Net()
    network.opt.num_threads = threads
    for option in ("use_fp16_packed", "use_fp16_storage", "use_fp16_arithmetic", "use_bf16_storage"):
        setattr(network.opt, option, False)
    network.load_param_mem(f"7767517\n2 2\nInput input 0 1 input\n{kind} layer 1 1 input output {text}\n")
    # Weights are (group, output, input, height, width).
    if layer.operation == "convTranspose2d":
        grouped = weight.reshape(layer.groups, layer.inputs // layer.groups, *weight.shape[1:])
        weight = grouped.transpose(1, 2)
    data = numpy.concatenate([numpy.zeros(1, numpy.float32), weight.contiguous().numpy().ravel(), bias.numpy()])
    _load(network, data.astype(numpy.float32).tobytes())

    def call():
        extractor = network.create_extractor()
        extractor.input("input", library.Mat(picture[0].numpy()))
        return [numpy.array(extractor.extract("output")[1], copy=False)[None]]
    return call


def _load(network, data):
    import tempfile

    with tempfile.NamedTemporaryFile(suffix=".bin") as file:
        file.write(data)
        file.flush()
        network.load_model(file.name)


def _onnx_model(layer, tensors):
    from onnx import TensorProto, helper, numpy_helper

    attributes = {
        "kernel_shape": [layer.kernel] * 2, "strides": [layer.stride] * 2, "pads": [layer.padding] * 4,
        "group": layer.groups, "dilations": [layer.dilation] * 2,
    }
    if layer.operation == "convTranspose2d":
        attributes["output_padding"] = [layer.output_padding] * 2
    node = helper.make_node({"conv2d": "Conv", "convTranspose2d": "ConvTranspose"}[layer.operation],
                            ["input", "weight", "bias"], ["output"], **attributes)
    shape = [layer.batch, layer.inputs, layer.height, layer.width]
    graph = helper.make_graph(
        [node], "layer", [helper.make_tensor_value_info("input", TensorProto.FLOAT, shape)],
        [helper.make_tensor_value_info("output", TensorProto.FLOAT, None)],
        [numpy_helper.from_array(tensor.numpy(), name) for name, tensor in tensors.items() if name != "input"])
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)


TORCH = {
    "torch": torch_default, "torch channels_last": torch_channels_last, "torch without mkldnn": torch_without_mkldnn,
}
LAYERS = TORCH | {"onnxruntime": onnxruntime, "openvino": openvino, "ncnn": ncnn}


def of(case):
    """The rivals at something that is timed, by name."""
    if case.table == "pictures":
        return _installed(tuple(picture_rivals.ALL.items()))
    if case.table == "training steps":
        return _installed(tuple(training_rivals.ALL.items()))
    return _installed(tuple((LAYERS if case.direction == "forward" else TORCH).items()))


@functools.cache
def _is_installed(library):
    try:
        __import__(library)
        if library in ("onnxruntime", "openvino"):
            __import__("onnx")
        return True
    except ImportError as error:
        print(f"{library} is left out: {error}")
        return False


def _installed(rivals):
    return {name: make for name, make in rivals if _is_installed({"opencv": "cv2"}.get(name, name.split()[0]))}
