import KakudaiTensors
import KakudaiWeights
import TestSupport
import Testing

struct PoolingAndPaddingTests {
  @Test(arguments: GoldenCase.all("pooling")) func `pooling is PyTorch's`(_ golden: GoldenCase) {
    golden.expect(of: ["input"], units: 32, magnitude: 2) { inputs in
      switch golden.string("op") {
      case "maxPool2d":
        maxPool2d(
          inputs[0], kernelSize: golden.pair("kernelSize"), stride: golden.pair("stride"),
          padding: golden.pair("padding"), dilation: golden.pair("dilation"), ceilMode: golden.bool("ceilMode"))
      case "averagePool2d":
        averagePool2d(
          inputs[0], kernelSize: golden.pair("kernelSize"), stride: golden.pair("stride"),
          padding: golden.pair("padding"), ceilMode: golden.bool("ceilMode"),
          countIncludePad: golden.bool("countIncludePad"),
          divisorOverride: golden.attributes["divisorOverride"]?.integer)
      default: adaptiveAveragePool2d(inputs[0], outputSize: golden.pair("outputSize"))
      }
    }
  }

  @Test(arguments: GoldenCase.all("pad")) func `padding is PyTorch's`(_ golden: GoldenCase) {
    golden.expect(of: ["input"]) { inputs in
      pad(inputs[0], golden.integers("pads"), mode: PaddingMode(rawValue: golden.string("mode"))!)
    }
  }

  @Test func `a constant fills what zeros would`() {
    #expect(pad(Tensor([1, 2]), [1, -1], value: 7) == Tensor([7, 1]))
  }

  @Test func `padding that the mode cannot give is refused`() {
    #expect(throws: ShapeError.self) { try Padding(amounts: [3, 0], mode: .reflect).outputShape(of: [[1, 1, 3, 3]]) }
    #expect(throws: ShapeError.self) { try Padding(amounts: [4, 0], mode: .circular).outputShape(of: [[1, 1, 3, 3]]) }
    #expect(throws: ShapeError.self) { try Padding(amounts: [1], mode: .zeros).outputShape(of: [[1, 1, 3, 3]]) }
    #expect(throws: ShapeError.self) {
      try Padding(amounts: [-2, -2], mode: .replicate).outputShape(of: [[1, 1, 3, 3]])
    }
  }

  @Test func `a window larger than the picture stops with both`() async {
    let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      _ = maxPool2d(.zeros([1, 1, 3, 9]), kernelSize: 4)
    }
    #expect(message(of: result).contains("a window of 4 does not fit into 3 padded by 0, input (1, 1, 3, 9)"))
  }
}
