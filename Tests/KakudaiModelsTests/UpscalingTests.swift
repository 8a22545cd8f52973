import KakudaiInference
import KakudaiLayers
import KakudaiModels
import KakudaiTensors
import KakudaiWeights
import TestSupport
import Testing

struct UpscalingTests {
  @Test(arguments: [1, 2, 3, 4, 5, 8]) func `the cubic transposed convolution is interpolation away from the border`(
    scale: Int
  ) {
    let picture = Tensor.random([1, 3, 11, 13])
    let enlarged = TransposedBicubic(channels: 3, scale: scale)(picture)
    let expected = interpolate(picture, size: [11 * scale, 13 * scale], mode: .bicubic, antialias: true)
    #expect(enlarged.shape == expected.shape)
    let border = 2 * scale
    for channel in 0..<3 {
      for y in border..<11 * scale - border {
        for x in border..<13 * scale - border {
          #expect(abs(enlarged[0, channel, y, x] - expected[0, channel, y, x]) < 2e-6)
        }
      }
    }
  }

  @Test func `a constant picture stays constant, borders included`() throws {
    for model in UpscalingModel.builtIn where model.networks.isEmpty {
      let output = try Upscaler(model)(Tensor(repeating: 0.25, shape: [1, 3, 5, 7]), to: [17, 12])
      #expect(output.shape == [1, 3, 17, 12])
      for element in output.elements { #expect(abs(element - 0.25) < 1e-6, "\(model.name)") }
    }
  }

  @Test func `a picture of one pixel can be enlarged`() throws {
    for model in UpscalingModel.builtIn {
      let output = try Upscaler(model)(.ones([1, 1, 1, 1]), to: 2)
      #expect(output.shape == [1, 1, 2, 2])
      #expect(!model.networks.isEmpty || output.elements.allSatisfy { abs($0 - 1) < 1e-6 })
    }
  }

  @Test func `every built-in model flows by rows, with or without alpha, and to any size`() throws {
    for model in UpscalingModel.builtIn {
      for (channels, size) in [(1, PerAxis(height: 46, width: 62)), (3, [47, 100]), (4, [20, 30]), (2, [92, 124])] {
        let picture = Tensor.uniform([1, channels, 23, 31])
        let plan = try Upscaler(model).plan(for: picture.shape, to: size)
        #expect(plan.isStreamed && plan.output == [1, channels, size.height, size.width], "\(model.name), \(plan)")
        let colours = channels == 2 ? 1 : min(channels, 3)
        let expected = try Upscaler(model)(picture.sliced(1, 0..<colours), to: size)
        let enlarged = plan(picture).sliced(1, 0..<colours)
        for (left, right) in zip(expected.elements, enlarged.elements) { #expect(abs(left - right) < 1e-5) }
      }
    }
  }

  @Test func `memory follows the width of a picture, not its height`() throws {
    let upscaler = Upscaler(UpscalingModel.builtIn[0])
    let bytes = try [500, 50_000].map { height in
      try upscaler.plan(for: [1, 3, height, 300], to: [2 * height, 600]).memory(threads: 2)
    }
    #expect(bytes[0] == bytes[1])
    #expect(throws: ModelError.self) { try upscaler.plan(for: [1, 3, 4, 4], to: 0) }
    #expect(throws: ModelError.self) { try upscaler.plan(for: [1, 5, 4, 4], to: 8) }
  }

  @Test func `luma and back is the same picture`() {
    let picture = Tensor.uniform([1, 3, 4, 5])
    let back = rgb(ofLumaAndChroma: lumaAndChroma(ofRGB: picture))
    for (left, right) in zip(picture.elements, back.elements) { #expect(abs(left - right) < 1e-5) }
    let white = lumaAndChroma(ofRGB: .ones([1, 3, 1, 1]))
    #expect(abs(white[0, 0, 0, 0] - 235 / 255) < 1e-6 && abs(white[0, 1, 0, 0] - 128 / 255) < 1e-6)
    #expect(abs(luma(ofGrey: Tensor(1)).item - 235 / 255) < 1e-6)
  }

  @Test func `impossible sizes and pictures are refused`() {
    let upscaler = Upscaler(UpscalingModel.builtIn[0])
    #expect(throws: ModelError.self) { try upscaler(.ones([1, 3, 2, 2]), to: 0) }
    #expect(throws: ModelError.self) { try upscaler(.ones([1, 3, 2, 2]), to: PerAxis(Int.max / 2)) }
    #expect(throws: ModelError.self) { try upscaler(.ones([1, 2, 2, 2]), to: 4) }
    #expect(throws: ModelError.self) { try upscaler(.ones([1, 3, 0, 2]), to: 4) }
    #expect(throws: ModelError.self) { try UpscalingModel(named: "magic") }
  }
}

struct ShippedModelTests {
  @Test func `what is shipped is listed first, the largest network first, and has the scales it is named for`() {
    let models = UpscalingModel.builtIn.filter { !$0.networks.isEmpty }
    #expect(models.map(\.name) == UpscalingModel.builtIn.prefix(models.count).map(\.name))
    #expect(models.map(\.name) == ["fine", "fast", "fastest"])
    for model in models {
      let scales = model.networks.map(\.scale)
      #expect(model.scale == 2 && scales == Array(2..<2 + scales.count))
      #expect(model.networks.allSatisfy { $0.multiplyAddsPerPixel <= (model.name != "fine" ? 20_000 : 70_000) })
    }
  }

  @Test func `a size between the factors is reached by the next larger network, one beyond them by several`() throws {
    // Far from black and white, so that nothing is cut off; always the same, since how far results lie apart follows from it.
    let picture = withRandomSeed(1) { Tensor.uniform([1, 1, 9, 8]) * 0.3 + 0.35 }
    let model = try UpscalingModel(named: "fast")
    func enlarged(by networks: [any SuperResolutionNetwork], to size: PerAxis) -> Tensor {
      let whole = networks.reduce(picture) { picture, network in
        clamp(grey(ofLuma: network(luma(ofGrey: picture))), minimum: 0, maximum: 1)
      }
      let result = interpolate(whole, size: [size.height, size.width], mode: .bicubic, antialias: true)
      return clamp(result, minimum: 0, maximum: 1)
    }
    func distance(_ size: PerAxis, _ networks: any SuperResolutionNetwork...) throws -> Float {
      let difference = try Upscaler(model)(picture, to: size) - enlarged(by: networks, to: size)
      return abs(difference).elements.max()!
    }
    let (first, last) = (model.networks[0], model.networks.last!)
    #expect(try distance([13, 12], first) < 1e-6)
    let far = PerAxis(height: 9 * last.scale * 2, width: 8 * last.scale * 2)
    #expect(try distance(far, last, first) < 1e-6)
    #expect(try distance(far, last) > 0.01)
    // A little more than the largest factor is left to the resample.
    let near = PerAxis(height: 9 * last.scale * 7 / 6, width: 8 * last.scale * 7 / 6)
    #expect(try distance(near, last) < 1e-6)
    #expect(try distance(near, last, first) > 0.001)
    // Nothing to enlarge: no network runs.
    let reduced = interpolate(picture, size: [5, 4], mode: .bicubic, antialias: true)
    #expect(try Upscaler(model)(picture, to: [5, 4]) == clamp(reduced, minimum: 0, maximum: 1))
    #expect(try Upscaler(model).enlargedLuma(of: picture, to: [5, 4]) == clamp(reduced, minimum: 0, maximum: 1))
  }
}

struct FSRCNNTests {
  /// The names of a common training script, in the order of the alphabet, where `last` comes before `mid`.
  static func renamed(_ network: FSRCNN) -> [String: Tensor] {
    var tensors: [String: Tensor] = [:]
    for (name, tensor, _) in network.namedTensors {
      let parts = name.split(separator: ".").map(String.init)
      switch parts[0] {
      case "feature": tensors["first_part.0.\(parts[1])"] = tensor
      case "featureActivation": tensors["first_part.1.weight"] = tensor
      case "middle": tensors["mid_part.\(2 * Int(parts[1])!).\(parts[2])"] = tensor
      case "middleActivations": tensors["mid_part.\(2 * Int(parts[1])! + 1).weight"] = tensor
      default: tensors["last_part.\(parts[1])"] = tensor
      }
    }
    return tensors
  }

  @Test func `a file is recognised by its shapes and gives the same picture`() throws {
    let network = withRandomSeed(2) { FSRCNN(scale: 3, features: 10, shrunk: 4, mappings: 5) }
    try withTemporaryFolder { folder in
      let path = "\(folder)/net_x3.safetensors"
      try Safetensors.write(Self.renamed(network), to: path)
      let model = try UpscalingModel(try Safetensors(contentsOf: path), scale: nil)
      #expect(model.scale == 3)
      let grey = Tensor.uniform([1, 1, 6, 7])
      let expected = clamp(KakudaiModels.grey(ofLuma: network(luma(ofGrey: grey))), minimum: 0, maximum: 1)
      #expect(try Upscaler(model)(grey, to: [18, 21]) == expected)
      #expect(try Upscaler(model)(.uniform([1, 3, 6, 7]), to: [13, 20]).shape == [1, 3, 13, 20])
    }
  }

  @Test func `another network, and one without its scale, are refused`() throws {
    try withTemporaryFolder { folder in
      let other = "\(folder)/other_x2.safetensors"
      try Safetensors.write(["conv.weight": .ones([3, 3, 3, 3])], to: other)
      #expect(throws: ModelError.unknownArchitecture(path: other, tensors: 1)) {
        try UpscalingModel(try Safetensors(contentsOf: other), scale: nil)
      }
      let unnamed = "\(folder)/net.safetensors"
      try Safetensors.write(Self.renamed(FSRCNN(scale: 2, features: 4, shrunk: 2, mappings: 1)), to: unnamed)
      let weights = try Safetensors(contentsOf: unnamed)
      #expect(throws: ModelError.unknownScale(path: unnamed)) { try UpscalingModel(weights, scale: nil) }
      #expect(try UpscalingModel(weights, scale: 4).scale == 4)
    }
  }
}
