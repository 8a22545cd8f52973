"""Other libraries, each as a function that makes `call() -> array` for a layer, or gives None where it has no such layer.

A library that is not installed is left out with a word.
"""
import functools

import numpy
import torch


def torch_default(layer, picture, weight, bias, threads):
    function, keywords = _function(layer)
    return lambda: function(picture, weight, bias, **keywords)


def torch_channels_last(layer, picture, weight, bias, threads):
    function, keywords = _function(layer)
    picture, weight = (tensor.contiguous(memory_format=torch.channels_last) for tensor in (picture, weight))
    return lambda: function(picture, weight, bias, **keywords)


def torch_without_mkldnn(layer, picture, weight, bias, threads):
    function, keywords = _function(layer)

    def call():
        with torch.backends.mkldnn.flags(enabled=False):
            return function(picture, weight, bias, **keywords)
    return call


def onnxruntime(layer, picture, weight, bias, threads):
    import onnxruntime as runtime

    options = runtime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    session = runtime.InferenceSession(
        _onnx_model(layer, weight, bias).SerializeToString(), options, providers=["CPUExecutionProvider"])
    inputs = {"input": picture.numpy()}
    return lambda: session.run(None, inputs)[0]


def openvino(layer, picture, weight, bias, threads):
    import openvino as vino

    core = vino.Core()
    model = core.read_model(_onnx_model(layer, weight, bias).SerializeToString())
    compiled = core.compile_model(model, "CPU", {
        "INFERENCE_PRECISION_HINT": "f32", "INFERENCE_NUM_THREADS": threads, "NUM_STREAMS": 1,
        "PERFORMANCE_HINT": "LATENCY"})
    request = compiled.create_infer_request()
    request.set_input_tensor(vino.Tensor(picture.numpy(), shared_memory=True))

    def call():
        request.infer()
        return request.get_output_tensor().data
    return call


def ncnn(layer, picture, weight, bias, threads):
    import ncnn as library

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
        return numpy.array(extractor.extract("output")[1], copy=False)[None]
    return call


def _load(network, data):
    import tempfile

    with tempfile.NamedTemporaryFile(suffix=".bin") as file:
        file.write(data)
        file.flush()
        network.load_model(file.name)


def _function(layer):
    keywords = {"stride": layer.stride, "padding": layer.padding, "groups": layer.groups, "dilation": layer.dilation}
    if layer.operation == "conv2d":
        return torch.nn.functional.conv2d, keywords
    return torch.nn.functional.conv_transpose2d, keywords | {"output_padding": layer.output_padding}


def _onnx_model(layer, weight, bias):
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
        [numpy_helper.from_array(tensor.numpy(), name) for tensor, name in ((weight, "weight"), (bias, "bias"))])
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)


ALL = {
    "torch": torch_default, "torch channels_last": torch_channels_last, "torch without mkldnn": torch_without_mkldnn,
    "onnxruntime": onnxruntime, "openvino": openvino, "ncnn": ncnn,
}


@functools.cache
def available():
    """The libraries that are installed."""
    found = {}
    for name, make in ALL.items():
        try:
            __import__(name.split()[0])
            if name in ("onnxruntime", "openvino"):
                __import__("onnx")
            found[name] = make
        except ImportError as error:
            print(f"{name} is left out: {error}")
    return found
