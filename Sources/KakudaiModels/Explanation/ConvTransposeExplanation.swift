public import KakudaiTensors

/// What a transposed convolution does to a picture of a given size: where each output pixel comes from.
public struct ConvTransposeExplanation: Sendable {
  public let inputSize: PerAxis
  public let kernelSize: PerAxis
  public let stride: PerAxis
  public let padding: PerAxis
  public let outputPadding: PerAxis
  public let dilation: PerAxis
  public let outputSize: PerAxis

  /// - Throws: what `ConvTranspose2d` refuses, with the numbers.
  public init(
    inputSize: PerAxis, kernelSize: PerAxis, stride: PerAxis = 1, padding: PerAxis = 0, outputPadding: PerAxis = 0,
    dilation: PerAxis = 1
  ) throws(ShapeError) {
    let geometry = ConvolutionGeometry(
      transposedWith: padding, stride: stride, outputPadding: outputPadding, dilation: dilation, groups: 1)
    let shape = try TransposedConvolution(geometry: geometry).outputShape(of: [
      try Shape(validating: [1, inputSize.height, inputSize.width]),
      try Shape(validating: [1, 1, kernelSize.height, kernelSize.width]),
    ])
    (self.inputSize, self.kernelSize, self.stride) = (inputSize, kernelSize, stride)
    (self.padding, self.outputPadding, self.dilation) = (padding, outputPadding, dilation)
    outputSize = PerAxis(height: shape[1], width: shape[2])
  }

  /// One axis, before cropping.
  struct Axis: Sendable {
    /// How many kernel taps fall on each position, the cropped ones and the output padding included.
    var coverage: [Int]
    var cropped: Int
    var output: Int
    var outputPadding: Int
    /// Where the kernel of each input pixel falls.
    var taps: [[Int]]

    init(input: Int, kernel: Int, stride: Int, padding: Int, outputPadding: Int, dilation: Int) {
      taps = (0..<input).map { pixel in (0..<kernel).map { pixel * stride + $0 * dilation } }
      let reach = (input - 1) * stride + dilation * (kernel - 1) + 1
      coverage = Array(repeating: 0, count: reach + outputPadding)
      for position in taps.joined() { coverage[position] += 1 }
      (cropped, output) = (padding, reach + outputPadding - 2 * padding)
      self.outputPadding = outputPadding
    }

    /// What of the uncropped positions is output, and which of these are there because of the output padding.
    var kept: Range<Int> { cropped..<cropped + output }
    var added: Range<Int> { cropped + output - min(outputPadding, output)..<cropped + output }

    /// How often each output pixel is covered.
    var visible: ArraySlice<Int> { coverage[kept] }
  }

  var vertical: Axis {
    Axis(
      input: inputSize.height, kernel: kernelSize.height, stride: stride.height, padding: padding.height,
      outputPadding: outputPadding.height, dilation: dilation.height)
  }

  var horizontal: Axis {
    Axis(
      input: inputSize.width, kernel: kernelSize.width, stride: stride.width, padding: padding.width,
      outputPadding: outputPadding.width, dilation: dilation.width)
  }

  /// How many products are summed into each output pixel: rows of the output.
  public var coverage: [[Int]] {
    let columns = horizontal.visible
    return vertical.visible.map { row in columns.map { row * $0 } }
  }

  /// Why the output will show a checkerboard, or `nil` where every pixel away from the border is covered equally.
  public var warning: String? {
    var reasons: [String] = []
    for (name, kernel, stride) in [
      ("high", kernelSize.height, stride.height), ("wide", kernelSize.width, stride.width),
    ] where kernel % stride != 0 {
      let (fewest, rest) = kernel.quotientAndRemainder(dividingBy: stride)
      reasons.append(
        "the kernel is \(kernel) \(name), which is not a multiple of the stride \(stride): \(rest) of \(stride) "
          + "\(name == "high" ? "rows" : "columns") get \(fewest + 1) taps, the others \(fewest)")
    }
    guard !reasons.isEmpty else { return nil }
    return "checkerboard: " + reasons.joined(separator: "; ")
  }
}
