import KakudaiLayers
import KakudaiTensors
import TestSupport
import Testing

struct LayerTests {
  static let layers: [any Module] = [
    ConvTranspose2d(inChannels: 2, outChannels: 2, kernelSize: 3), Conv2d(inChannels: 2, outChannels: 2, kernelSize: 3),
    Linear(inFeatures: 2, outFeatures: 3), BatchNorm2d(3), InstanceNorm2d(3, affine: true), InstanceNorm2d(3),
    GroupNorm(groups: 1, channels: 3), ReLU(), LeakyReLU(), PReLU(), SiLU(), GELU(), Sigmoid(), Tanh(),
    Softmax(axis: 1),
    Dropout(), Dropout2d(), Identity(), Flatten(), Upsample(scaleFactor: 2), PixelShuffle(upscaleFactor: 2),
    PixelUnshuffle(downscaleFactor: 2), MaxPool2d(kernelSize: 2), AvgPool2d(kernelSize: 2),
    AdaptiveAvgPool2d(outputSize: 1), Pad2d(1), Sequential { Conv2d(inChannels: 1, outChannels: 1, kernelSize: 1) },
  ]

  @Test func `every stored tensor of every layer is visited, and every switch`() {
    for layer in Self.layers where !(layer is Sequential) {
      let stored = Mirror(reflecting: layer).children.count { child in
        child.value is Tensor || (child.value as? Tensor?).flatMap { $0 } != nil
      }
      #expect(layer.namedTensors.count == stored, "\(layer)")
      let hasSwitch = Mirror(reflecting: layer).children.contains { $0.label == "isTraining" }
      var copy = layer
      copy.setTraining(false)
      let isOff = Mirror(reflecting: copy).children.contains { $0.label == "isTraining" && $0.value as? Bool == false }
      #expect(hasSwitch == isOff, "\(layer)")
    }
  }

  @Test func `the article's layer and its article's sizes`() {
    let layer = ConvTranspose2d(inChannels: 3, outChannels: 3, kernelSize: 4, stride: 2, padding: 1)
    #expect(layer(.zeros([1, 3, 28, 28])).shape == [1, 3, 56, 56])
    let shrunk = Conv2d(inChannels: 16, outChannels: 16, kernelSize: 3, stride: 2, padding: 1)(.zeros([1, 16, 12, 12]))
    let grown = ConvTranspose2d(inChannels: 16, outChannels: 16, kernelSize: 3, stride: 2, padding: 1)
    #expect(grown(shrunk).shape == [1, 16, 11, 11])
    #expect(grown(shrunk, outputSize: 12).shape == [1, 16, 12, 12])
  }

  @Test func `a model is a value that tasks can share`() async {
    var model = Sequential { Conv2d(inChannels: 1, outChannels: 1, kernelSize: 1) }
    let copy = model
    model.layers[0] = Identity()
    #expect(copy.parameterCount == 2 && model.parameterCount == 0)
    let results = await withTaskGroup(of: Tensor.self) { group in
      for _ in 0..<4 { group.addTask { copy(.ones([1, 1, 2, 2])) } }
      return await group.reduce(into: []) { $0.append($1) }
    }
    #expect(Set(results.map(\.elements)).count == 1)
  }

  @Test func `in evaluation dropout does nothing and batch norm uses what training left`() {
    var model = Sequential {
      BatchNorm2d(2, momentum: 1)
      Dropout(probability: 0.5)
    }
    let input = Tensor.random([4, 2, 8, 8]) * 3 + 5
    let step = valueAndGradient(of: model) { $0(input).sum() }.gradient
    let running = step.namedTensors.first { $0.name == "0.running_mean" }!.tensor
    #expect(abs(running[0] - 5) < 1 && step.namedTensors.first { $0.name == "0.num_batches_tracked" }!.tensor.item == 1)
    model.setTraining(false)
    #expect(model(input) == model(input))
  }
}

/// What no input could make sense of stops at construction, with the numbers.
struct LayerErrorTests {
  @Test func `a stride of 0`() async {
    let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      _ = ConvTranspose2d(inChannels: 3, outChannels: 3, kernelSize: 4, stride: 0)
    }
    #expect(message(of: result).contains("ConvTranspose2d: the vertical stride must be positive, but is 0"))
  }

  @Test func `groups that do not divide the channels`() async {
    let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      _ = ConvTranspose2d(inChannels: 4, outChannels: 6, kernelSize: 3, groups: 3)
    }
    #expect(message(of: result).contains("ConvTranspose2d: 4 input channels do not divide into 3 groups"))
  }

  @Test func `output channels that groups do not divide`() async {
    let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      _ = Conv2d(inChannels: 4, outChannels: 5, kernelSize: 3, groups: 2)
    }
    #expect(message(of: result).contains("Conv2d: 5 output channels do not divide into 2 groups"))
  }

  @Test func `an output padding that is too large`() async {
    let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      _ = ConvTranspose2d(inChannels: 1, outChannels: 1, kernelSize: 3, stride: 2, outputPadding: 2)
    }
    #expect(
      message(of: result).contains("output padding must be smaller than the stride or than the dilation, but is 2"))
  }

  @Test func `an empty kernel`() async {
    let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      _ = ConvTranspose2d(inChannels: 1, outChannels: 1, kernelSize: [3, 0])
    }
    #expect(message(of: result).contains("the kernel must have a positive size, but is 3×0"))
  }

  @Test func `no channels`() async {
    let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      _ = ConvTranspose2d(inChannels: 0, outChannels: 1, kernelSize: 1)
    }
    #expect(message(of: result).contains("needs input channels, but has 0"))
  }

  @Test func `same padding with a stride`() async {
    let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      _ = Conv2d(inChannels: 1, outChannels: 1, kernelSize: 3, stride: 2, padding: .same)
    }
    #expect(message(of: result).contains("padding .same needs stride 1"))
  }

  @Test func `the article's shuffle of 3 channels by 3`() async {
    let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      _ = PixelShuffle(upscaleFactor: 3)(.zeros([1, 3, 28, 28]))
    }
    #expect(message(of: result).contains("the 3 channels of (1, 3, 28, 28) are not divisible by 9 = 3²"))
  }
}
