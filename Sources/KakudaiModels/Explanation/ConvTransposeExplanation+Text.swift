import KakudaiTensors

extension ConvTransposeExplanation {
  /// A drawing in characters: how the sizes come about, where kernels fall along a row, and the coverage map.
  public var text: String {
    var lines = [
      "ConvTranspose2d kernel \(kernelSize), stride \(stride), padding \(padding), output padding \(outputPadding), "
        + "dilation \(dilation)",
      "",
      sizes(
        "height", inputSize.height, kernelSize.height, stride.height, padding.height, outputPadding.height,
        dilation.height, outputSize.height),
      sizes(
        "width", inputSize.width, kernelSize.width, stride.width, padding.width, outputPadding.width, dilation.width,
        outputSize.width),
      "",
      "Where the kernels fall along a row (# tap, . none; x cropped border, + output padding):",
    ]
    let axis = horizontal
    for (pixel, taps) in axis.taps.enumerated() {
      let marks = axis.coverage.indices.map { taps.contains($0) ? "#" : "." }.joined()
      lines.append("  input \(padded(pixel, 3))  \(marks)")
    }
    let zones = axis.coverage.indices.map { axis.added.contains($0) ? "+" : axis.kept.contains($0) ? "o" : "x" }
    lines.append("  output     \(zones.joined())")
    lines += ["", "How many products are summed into each output pixel:"]
    let map = coverage
    let width = (map.joined().max().map { String($0).count } ?? 1) + 1
    for row in map { lines.append(" " + row.map { padded($0, width) }.joined()) }
    lines += ["", warning.map { "Warning: \($0)" } ?? "Every pixel away from the border is covered equally."]
    return lines.joined(separator: "\n")
  }

  private func sizes(
    _ name: String, _ input: Int, _ kernel: Int, _ stride: Int, _ padding: Int, _ outputPadding: Int, _ dilation: Int,
    _ output: Int
  ) -> String {
    "\(name): (\(input) - 1)·\(stride) - 2·\(padding) + \(dilation)·(\(kernel) - 1) + \(outputPadding) + 1 = \(output)"
  }

  private func padded(_ number: Int, _ width: Int) -> String {
    let text = String(number)
    return String(repeating: " ", count: max(0, width - text.count)) + text
  }
}
