import KakudaiTensors
import TestSupport
import Testing

struct PixelShuffleTests {
  /// PyTorch 2.13 leaves the shape of an empty batch as it is when it unshuffles; ours becomes what any other would.
  static let cases = GoldenCase.all("pixelShuffle").filter { $0.id != "pixelUnshuffle-r2-0x1x4x6" }

  @Test func `an empty batch has the shape of a full one`() {
    #expect(pixelUnshuffle(.zeros([0, 1, 4, 6]), downscaleFactor: 2).shape == [0, 4, 2, 3])
  }

  @Test(arguments: cases) func `values and gradients are PyTorch's`(_ golden: GoldenCase) {
    golden.expect(of: ["input"]) { inputs in
      golden.string("op") == "pixelShuffle"
        ? pixelShuffle(inputs[0], upscaleFactor: golden.integer("upscaleFactor"))
        : pixelUnshuffle(inputs[0], downscaleFactor: golden.integer("downscaleFactor"))
    }
  }

  @Test func `the article's shuffle by 3 needs 27 channels for 3`() {
    #expect(pixelShuffle(.zeros([1, 27, 4, 5]), upscaleFactor: 3).shape == [1, 3, 12, 15])
    #expect(
      throws: ShapeError("pixelShuffle", "the 3 channels of (1, 3, 28, 28) are not divisible by 9 = 3²")
    ) { try PixelShuffling(factor: 3).outputShape(of: [[1, 3, 28, 28]]) }
  }

  @Test(arguments: [(0, false, [1, 4, 2, 2]), (2, false, [2, 2]), (2, true, [1, 1, 5, 4]), (2, true, [1, 1, 4, 5])])
  func `what PyTorch refuses is refused`(factor: Int, isInverse: Bool, input: [Int]) {
    #expect(throws: ShapeError.self) {
      try PixelShuffling(factor: factor, isInverse: isInverse).outputShape(of: [Shape(input)])
    }
  }
}
