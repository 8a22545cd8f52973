import KakudaiTensors
import TestSupport
import Testing

/// Every case that a convolution refuses, with the numbers its message must name.
struct ConvolutionErrorTests {
  struct Refusal: Sendable, CustomTestStringConvertible {
    var about: String
    var names: [String]
    var input: Shape = [1, 4, 5, 5]
    var weight: Shape = [4, 2, 3, 3]
    var bias: Shape?
    var stride: PerAxis = 1
    var padding: PerAxis = 0
    var outputPadding: PerAxis = 0
    var dilation: PerAxis = 1
    var groups = 1
    var testDescription: String { about }
  }

  static let transposed: [Refusal] = [
    Refusal(about: "a stride of 0", names: ["vertical stride", "0"], stride: [0, 1]),
    Refusal(about: "a negative stride", names: ["horizontal stride", "-2"], stride: [1, -2]),
    Refusal(about: "a dilation of 0", names: ["dilation", "0"], dilation: 0),
    Refusal(about: "a negative padding", names: ["padding", "-1"], padding: -1),
    Refusal(about: "a negative output padding", names: ["output padding", "-1"], outputPadding: [0, -1]),
    Refusal(
      about: "an output padding as large as stride and dilation", names: ["output padding", "2"],
      stride: 2, outputPadding: 2),
    Refusal(about: "no groups", names: ["groups", "0"], groups: 0),
    Refusal(about: "groups that do not divide the input channels", names: ["4", "3 groups"], groups: 3),
    Refusal(about: "an input of other channels", names: ["(1, 5, 5, 5)", "4", "5"], input: [1, 5, 5, 5]),
    Refusal(about: "an input of two axes", names: ["(5, 5)"], input: [5, 5]),
    Refusal(about: "an input of five axes", names: ["(1, 1, 4, 5, 5)"], input: [1, 1, 4, 5, 5]),
    Refusal(about: "a weight of three axes", names: ["(4, 2, 3)"], weight: [4, 2, 3]),
    Refusal(about: "an empty kernel", names: ["0×3"], weight: [4, 2, 0, 3]),
    Refusal(about: "a bias of another length", names: ["(2)", "(3)"], bias: [3]),
    Refusal(about: "a bias of two axes", names: ["(1, 2)"], bias: [1, 2]),
    Refusal(about: "an input without pixels", names: ["no pixels"], input: [1, 4, 0, 5]),
    Refusal(about: "an input without channels", names: ["(1, 0, 5, 5)"], input: [1, 0, 5, 5]),
    Refusal(about: "an output of no pixels", names: ["cropped", "8"], weight: [4, 2, 1, 1], padding: 4),
    Refusal(about: "more groups than channels", names: ["4", "8 groups"], groups: 8),
    Refusal(
      about: "a weight without output channels", names: ["(4, 0, 3, 3)", "no output channels"], weight: [4, 0, 3, 3]),
    Refusal(
      about: "an output of no pixels in groups", names: ["cropped"], weight: [4, 2, 1, 1], padding: [3, 0], groups: 2),
    Refusal(about: "an output too large to count", names: ["too large"], stride: PerAxis(Int.max / 2)),
  ]

  @Test(arguments: transposed) func `convTranspose2d refuses`(_ refusal: Refusal) throws {
    let geometry = ConvolutionGeometry(
      transposedWith: refusal.padding, stride: refusal.stride, outputPadding: refusal.outputPadding,
      dilation: refusal.dilation, groups: refusal.groups)
    let error = #expect(throws: ShapeError.self) {
      try TransposedConvolution(geometry: geometry).outputShape(
        of: [refusal.input, refusal.weight] + (refusal.bias.map { [$0] } ?? []))
    }
    for name in refusal.names {
      #expect(error?.description.contains(name) == true, "\(error?.description ?? "nothing")")
    }
    #expect(error?.operation == "convTranspose2d")
  }

  static let correlated: [Refusal] = [
    Refusal(about: "a stride of 0", names: ["stride", "0"], weight: [2, 4, 3, 3], stride: 0),
    Refusal(about: "a negative padding", names: ["padding", "-3"], weight: [2, 4, 3, 3], padding: -3),
    Refusal(about: "a kernel larger than the padded input", names: ["9", "5"], weight: [2, 4, 9, 3]),
    Refusal(
      about: "a dilated kernel larger than the input", names: ["7", "5", "dilation 3"],
      weight: [2, 4, 3, 3], dilation: 3),
    Refusal(about: "an input of other channels", names: ["(1, 5, 5, 5)"], input: [1, 5, 5, 5], weight: [2, 4, 3, 3]),
    Refusal(
      about: "output channels that groups do not divide", names: ["3", "2 groups"],
      weight: [3, 2, 3, 3], groups: 2),
    Refusal(about: "a bias of another length", names: ["(2)", "(4)"], weight: [2, 4, 3, 3], bias: [4]),
  ]

  @Test(arguments: correlated) func `conv2d refuses`(_ refusal: Refusal) throws {
    let error = #expect(throws: ShapeError.self) {
      let geometry = try ConvolutionGeometry(
        convolutionWith: .pixels(refusal.padding), kernelSize: 3, stride: refusal.stride, dilation: refusal.dilation,
        groups: refusal.groups)
      return try Convolution(geometry: geometry).outputShape(
        of: [refusal.input, refusal.weight] + (refusal.bias.map { [$0] } ?? []))
    }
    for name in refusal.names {
      #expect(error?.description.contains(name) == true, "\(error?.description ?? "nothing")")
    }
  }

  @Test(arguments: [(8, 9), (11, 9), (0, 0), (-3, 9)])
  func `an output size that the stride does not make possible is refused`(height: Int, width: Int) throws {
    let geometry = ConvolutionGeometry(transposedWith: 1, stride: 2, outputPadding: 0, dilation: 1, groups: 1)
    let error = #expect(throws: ShapeError.self) {
      try geometry.withOutputSize(
        (height, width), "convTranspose2d", input: [1, 1, 5, 5], weight: [1, 1, 3, 3])
    }
    #expect(error?.reason.contains("an output of \(height) rows was asked for") == true)
    #expect(error?.reason.contains("from 9 to 10") == true)
  }

  @Test func `same padding refuses a stride`() {
    #expect(throws: ShapeError("conv2d", "padding .same needs stride 1, but the stride is (2, 2)")) {
      try ConvolutionGeometry(convolutionWith: .same, kernelSize: 3, stride: 2, dilation: 1, groups: 1)
    }
  }

  @Test func `a call with wrong shapes stops the program with both`() async {
    let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      _ = convTranspose2d(.zeros([1, 5, 5, 5]), .zeros([4, 2, 3, 3]))
    }
    #expect(message(of: result).contains("convTranspose2d: the weight (4, 2, 3, 3) takes 4 input channels"))
  }
}
