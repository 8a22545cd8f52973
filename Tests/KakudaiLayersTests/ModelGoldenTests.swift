import KakudaiLayers
import KakudaiTensors
import KakudaiWeights
import TestSupport
import Testing

/// Whole models with PyTorch's weights: names, printed trees, outputs, gradients and running statistics.
struct ModelGoldenTests {
  static func model(_ id: String) -> Sequential {
    switch id {
    case "article":
      Sequential {
        ConvTranspose2d(inChannels: 3, outChannels: 32, kernelSize: 4, stride: 2, padding: 1)
        ReLU()
        ConvTranspose2d(inChannels: 32, outChannels: 3, kernelSize: 4, stride: 2, padding: 1)
      }
    case "article-28":
      Sequential { ConvTranspose2d(inChannels: 3, outChannels: 3, kernelSize: 4, stride: 2, padding: 1) }
    case "classifier":
      Sequential {
        Conv2d(inChannels: 3, outChannels: 6, kernelSize: 3)
        GroupNorm(groups: 2, channels: 6)
        SiLU()
        MaxPool2d(kernelSize: 2)
        InstanceNorm2d(6, affine: true)
        GELU()
        AdaptiveAvgPool2d(outputSize: 2)
        Flatten()
        Linear(inFeatures: 24, outFeatures: 5)
        Softmax(axis: 1)
      }
    case "espcn":
      Sequential {
        Conv2d(inChannels: 1, outChannels: 12, kernelSize: 5, padding: 2)
        Tanh()
        Conv2d(inChannels: 12, outChannels: 8, kernelSize: 3, padding: 1)
        Tanh()
        Conv2d(inChannels: 8, outChannels: 9, kernelSize: 3, padding: 1)
        PixelShuffle(upscaleFactor: 3)
        Sigmoid()
      }
    case "fsrcnn":
      Sequential {
        Conv2d(inChannels: 1, outChannels: 16, kernelSize: 5, padding: 2)
        PReLU(parameters: 16)
        Conv2d(inChannels: 16, outChannels: 6, kernelSize: 1)
        PReLU(parameters: 6)
        for _ in 0..<2 {
          Conv2d(inChannels: 6, outChannels: 6, kernelSize: 3, padding: 1)
          PReLU(parameters: 6)
        }
        Conv2d(inChannels: 6, outChannels: 16, kernelSize: 1)
        PReLU(parameters: 16)
        ConvTranspose2d(inChannels: 16, outChannels: 1, kernelSize: 9, stride: 2, padding: 4, outputPadding: 1)
      }
    case "mixed-evaluation", "mixed-training":
      Sequential {
        Conv2d(inChannels: 3, outChannels: 8, kernelSize: 3, padding: 1, bias: false, paddingMode: .reflect)
        BatchNorm2d(8)
        LeakyReLU(negativeSlope: 0.2)
        if id == "mixed-evaluation" { Dropout(probability: 0.25) }
        Upsample(scaleFactor: 2, mode: .bilinear)
        Conv2d(inChannels: 8, outChannels: 12, kernelSize: 3, stride: 2, padding: 1, groups: 2)
        PixelShuffle(upscaleFactor: 2)
        Flatten()
        Linear(inFeatures: 576, outFeatures: 10)
      }
    case "nested":
      Sequential {
        Conv2d(inChannels: 3, outChannels: 4, kernelSize: [3, 1], padding: .same, dilation: 2)
        Sequential {
          Sequential {
            Conv2d(inChannels: 4, outChannels: 4, kernelSize: 3, padding: 1)
            PReLU()
            Identity()
          }
          AvgPool2d(kernelSize: 2, stride: 1)
        }
        ConvTranspose2d(
          inChannels: 4, outChannels: 2, kernelSize: [3, 2], stride: [2, 1], outputPadding: [1, 0], groups: 2,
          bias: false)
        Upsample(size: [12, 10])
      }
    default: fatalError("no model \(id)")
    }
  }

  @Test(arguments: GoldenCase.all("models", operation: "model")) func `models are PyTorch's`(_ golden: GoldenCase)
    throws
  {
    var model = Self.model(golden.id)
    model.setTraining(golden.bool("training"))
    #expect(model.description == golden.string("printed"))
    let keys = golden.attributes["stateKeys"]!.array!.map { $0.string! }
    #expect(model.namedTensors.map(\.name) == keys)
    #expect(model.parameterCount == golden.integer("parameterCount"))
    var state = ["num_batches_tracked": Tensor(0)]
    for key in keys { state[key] = key.hasSuffix("num_batches_tracked") ? Tensor(0) : golden.operand("state.\(key)") }
    state["num_batches_tracked"] = nil
    try model.load(state, from: golden.id)

    struct Inputs: Parameterized {
      var input: Tensor
      var model: Sequential
      mutating func visitParameters(_ visitor: inout some ParameterVisitor) {
        visitor.visit("input", &input)
        visitor.visit("model", &model)
      }
    }
    let cotangent = golden.operand("cotangent")
    withEveryKernelTable { _ in
      var output: Tensor?
      let inputs = Inputs(input: golden.operand("input"), model: model)
      let gradient = valueAndGradient(of: inputs) { inputs in
        let result = inputs.model(inputs.input)
        output = result.unrecorded
        return Projection(cotangent: cotangent)(result)
      }.gradient
      golden.expect(output!, is: "output", units: 512, magnitude: 1)
      golden.expect(gradient.input, is: "gradient.input", units: 512, magnitude: 16)
      for (name, tensor, role) in gradient.model.namedTensors {
        if role == .parameter, golden.hasResult("gradient.state.\(name)") {
          golden.expect(tensor, is: "gradient.state.\(name)", units: 2048, magnitude: 64)
        } else if golden.hasResult("after.\(name)") {
          golden.expect(tensor, is: "after.\(name)", units: 64, magnitude: 1)
        }
      }
    }
  }

  @Test(arguments: GoldenCase.all("models", operation: "initialDistribution"))
  func `initial weights have PyTorch's shape and bound`(_ golden: GoldenCase) {
    let bound = (1 / Float(golden.integer("inverseK"))).squareRoot()
    let (module, weight, bias): (any Module, Tensor, Tensor?) = withRandomSeed(9) {
      switch golden.string("layer") {
      case "linear":
        let layer = Linear(inFeatures: golden.integer("inFeatures"), outFeatures: golden.integer("outFeatures"))
        return (layer, layer.weight, layer.bias)
      case "conv2d":
        let layer = Conv2d(
          inChannels: golden.integer("inChannels"), outChannels: golden.integer("outChannels"),
          kernelSize: golden.pair("kernelSize"), groups: golden.integer("groups"))
        return (layer, layer.weight, layer.bias)
      default:
        let isArticle = golden.integers("kernelSize") == [4, 4]
        let layer = ConvTranspose2d(
          inChannels: golden.integer("inChannels"), outChannels: golden.integer("outChannels"),
          kernelSize: golden.pair("kernelSize"), stride: isArticle ? 2 : 1, padding: isArticle ? 1 : 0,
          groups: golden.integer("groups"))
        return (layer, layer.weight, layer.bias)
      }
    }
    #expect(weight.shape.dimensions == golden.integers("weightShape"))
    #expect(module.description == golden.string("printed"))
    let elements = weight.elements + bias!.elements
    #expect(elements.allSatisfy { abs($0) <= bound })
    #expect(elements.map { abs($0) }.max()! > bound * 0.8)
    // A uniform distribution within ±b has the variance b²/3.
    let variance = elements.reduce(0) { $0 + $1 * $1 } / Float(elements.count)
    #expect(abs(variance / (bound * bound / 3) - 1) < 4 / Float(elements.count).squareRoot())
  }
}
