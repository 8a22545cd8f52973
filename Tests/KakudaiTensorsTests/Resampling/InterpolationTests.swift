import KakudaiTensors
import KakudaiWeights
import TestSupport
import Testing

struct InterpolationTests {
  /// PyTorch's gradient of `nearest` on volumes ignores the scale factor, and so is not that of its own value; ours is.
  static func hasConsistentGradient(_ golden: GoldenCase) -> Bool {
    !(golden.string("mode") == "nearest" && golden.operand("input").rank == 5 && golden.attributes["scaleFactor"] != nil
      && golden.bool("recomputeScaleFactor") == false)
  }

  @Test(arguments: GoldenCase.all("interpolate")) func `values and gradients are PyTorch's`(_ golden: GoldenCase) {
    golden.expect(
      of: ["input"], units: 32, magnitude: 2, includingGradients: Self.hasConsistentGradient(golden)
    ) { inputs in
      interpolate(
        inputs[0], size: golden.attributes["size"].map { _ in SpatialValues(golden.integers("size")) },
        scaleFactor: golden.attributes["scaleFactor"]?.array.map { SpatialValues($0.map { $0.double! }) },
        mode: InterpolationMode(rawValue: golden.string("mode"))!,
        alignCorners: golden.attributes["alignCorners"]?.bool,
        recomputeScaleFactor: golden.attributes["recomputeScaleFactor"]?.bool ?? false,
        antialias: golden.bool("antialias"))
    }
  }

  @Test func `the article's call doubles a picture`() {
    #expect(interpolate(.random([1, 3, 28, 28]), scaleFactor: 2, mode: .bilinear).shape == [1, 3, 56, 56])
  }

  @Test func `an antialiased constant stays what it is`() {
    for mode in [InterpolationMode.bilinear, .bicubic, .lanczos] {
      let output = interpolate(.ones([1, 1, 37, 41]), size: [11, 90], mode: mode, antialias: true)
      for element in output.elements { #expect(abs(element - 1) < 1e-6) }
    }
  }

  struct Refusal: Sendable, CustomTestStringConvertible {
    var operation: Interpolation
    var input: Shape
    var message: String
    var testDescription: String { message }
  }

  @Test(arguments: [
    Refusal(operation: Interpolation(mode: .nearest), input: [1, 1, 4, 5], message: "either size or scaleFactor"),
    Refusal(
      operation: Interpolation(size: 3, scaleFactor: 2, mode: .nearest), input: [1, 1, 4, 5],
      message: "only one of size"),
    Refusal(
      operation: Interpolation(scaleFactor: 2, mode: .nearest, alignsCorners: true), input: [1, 1, 4, 5],
      message: "alignCorners has no meaning in mode nearest"),
    Refusal(
      operation: Interpolation(scaleFactor: 2, mode: .bilinear), input: [1, 4, 5],
      message: "mode bilinear needs an input of 4 axes, but it is (1, 4, 5)"),
    Refusal(operation: Interpolation(scaleFactor: 2, mode: .nearest), input: [4, 5], message: "but is (4, 5)"),
    Refusal(
      operation: Interpolation(size: [8, 8, 8], mode: .nearest), input: [1, 1, 4, 5], message: "the size [8, 8, 8]"),
    Refusal(
      operation: Interpolation(scaleFactor: [2, 2, 2], mode: .nearest), input: [1, 1, 4, 5],
      message: "the scale factor [2.0, 2.0, 2.0]"),
    Refusal(operation: Interpolation(scaleFactor: 0.1, mode: .nearest), input: [1, 1, 4, 5], message: "[0, 0]"),
    Refusal(operation: Interpolation(size: 0, mode: .nearest), input: [1, 1, 4, 5], message: "must not be empty"),
    Refusal(
      operation: Interpolation(scaleFactor: -1, mode: .nearest), input: [1, 1, 4, 5], message: "must be positive"),
    Refusal(
      operation: Interpolation(scaleFactor: 2, mode: .nearest, antialiases: true), input: [1, 1, 4, 5],
      message: "antialias works in modes"),
    Refusal(operation: Interpolation(scaleFactor: 2, mode: .lanczos), input: [1, 1, 4, 5], message: "needs antialias"),
    Refusal(
      operation: Interpolation(size: 8, mode: .nearest, recomputesScaleFactor: true), input: [1, 1, 4, 5],
      message: "no meaning with an explicit size"),
    Refusal(operation: Interpolation(scaleFactor: 2, mode: .nearest), input: [1, 0, 4, 5], message: "(1, 0, 4, 5)"),
  ]) func `what PyTorch refuses is refused with the numbers`(_ refusal: Refusal) {
    let error = #expect(throws: ShapeError.self) { try refusal.operation.outputShape(of: [refusal.input]) }
    #expect(error?.description.contains(refusal.message) == true, "\(error?.description ?? "nothing")")
  }
}
