extension ConvolutionGeometry {
  /// The shape of `conv2d`, or what is wrong.
  ///
  /// - Parameters:
  ///   - input: `(N, Cin, H, W)` or `(Cin, H, W)`.
  ///   - weight: `(Cout, Cin / groups, kH, kW)`.
  ///   - bias: `(Cout)`.
  package func convolutionShape(_ operation: String, input: Shape, weight: Shape, bias: Shape?) throws(ShapeError)
    -> Shape
  {
    try check(operation, input: input, weight: weight)
    let channels = input[input.rank - 3]
    guard weight[0] % groups == 0 else {
      throw ShapeError(
        operation, "the weight \(weight) makes \(weight[0]) output channels, which do not divide into \(groups) groups")
    }
    guard weight[1] > 0, let expected = product(weight[1], groups), channels == expected else {
      throw ShapeError(
        operation,
        "the weight \(weight) with \(groups) groups takes \(weight[1])·\(groups) input channels, but the input \(input) has \(channels)"
      )
    }
    try check(operation, bias: bias, outputChannels: weight[0], weight: weight)
    var lengths: [Int] = []
    for (axis, position) in [(vertical, 2), (horizontal, 1)] {
      let length = input[input.rank - position]
      let kernel = weight[4 - position]
      guard let reach = extent(kernel, axis.dilation),
        let padded = sum(length, axis.paddingBefore, axis.paddingAfter)
      else { throw tooLarge(operation, input: input, weight: weight) }
      guard padded >= reach else {
        throw ShapeError(
          operation,
          """
          the kernel reaches over \(reach) \(position == 2 ? "rows" : "columns") (\(kernel) with dilation \
          \(axis.dilation)), but the padded input has only \(padded), so that there is no output for input \(input)
          """)
      }
      lengths.append((padded - reach) / axis.stride + 1)
    }
    return try output(operation, input: input, weight: weight, channels: weight[0], lengths: lengths)
  }

  /// The shape of `convTranspose2d`, or what is wrong.
  ///
  /// - Parameters:
  ///   - input: `(N, Cin, H, W)` or `(Cin, H, W)`.
  ///   - weight: `(Cin, Cout / groups, kH, kW)`.
  ///   - bias: `(Cout)`.
  package func transposedShape(_ operation: String, input: Shape, weight: Shape, bias: Shape?) throws(ShapeError)
    -> Shape
  {
    try check(operation, input: input, weight: weight)
    let channels = input[input.rank - 3]
    guard weight[0] == channels else {
      throw ShapeError(
        operation, "the weight \(weight) takes \(weight[0]) input channels, but the input \(input) has \(channels)")
    }
    guard weight[0] % groups == 0 else {
      throw ShapeError(
        operation, "the \(weight[0]) input channels of the weight \(weight) do not divide into \(groups) groups")
    }
    guard weight[1] > 0, let outputChannels = product(weight[1], groups) else {
      throw ShapeError(operation, "the weight \(weight) makes no output channels")
    }
    try check(operation, bias: bias, outputChannels: outputChannels, weight: weight)
    var lengths: [Int] = []
    for (axis, position) in [(vertical, 2), (horizontal, 1)] {
      lengths.append(
        try transposedLength(
          operation, axis, length: input[input.rank - position], kernel: weight[4 - position], input: input))
    }
    return try output(operation, input: input, weight: weight, channels: outputChannels, lengths: lengths)
  }

  /// This geometry with the output padding that makes the output of `convTranspose2d` `outputSize` = `(H, W)`.
  ///
  /// Each length may lie between the one without output padding and `stride − 1` more.
  package func withOutputSize(
    _ outputSize: (height: Int, width: Int), _ operation: String, input: Shape, weight: Shape
  ) throws(ShapeError) -> ConvolutionGeometry {
    var result = self
    result.vertical.outputPadding = 0
    result.horizontal.outputPadding = 0
    try result.check(operation, input: input, weight: weight)
    let axes = [
      (result.vertical, outputSize.height, 2, "rows", \ConvolutionGeometry.vertical),
      (result.horizontal, outputSize.width, 1, "columns", \ConvolutionGeometry.horizontal),
    ]
    for (axis, wanted, position, name, path) in axes {
      // The smallest size may be below 1, and still reach a positive one with padding at the end.
      let (grown, cropped) = try grownLength(
        operation, axis, length: input[input.rank - position], kernel: weight[4 - position], input: input)
      let smallest = grown - cropped
      guard wanted >= 1 && wanted >= smallest && wanted - smallest < axis.stride else {
        throw ShapeError(
          operation,
          """
          an output of \(wanted) \(name) was asked for, but an input \(input) gives from \(smallest) to \
          \(smallest + axis.stride - 1)
          """)
      }
      result[keyPath: path].outputPadding = wanted - smallest
    }
    return result
  }
}

extension ConvolutionGeometry {
  /// The rules that both directions share: ranks, attributes, and nothing empty but the batch.
  private func check(_ operation: String, input: Shape, weight: Shape) throws(ShapeError) {
    try checkAttributes(operation)
    guard input.rank == 3 || input.rank == 4 else {
      throw ShapeError(operation, "the input must be (N, C, H, W) or (C, H, W), but is \(input)")
    }
    guard weight.rank == 4 else {
      throw ShapeError(operation, "the weight must have 4 axes, but is \(weight)")
    }
    try checkKernel(operation, height: weight[2], width: weight[3])
    guard weight[0] > 0 else { throw ShapeError(operation, "the weight \(weight) has no channels") }
    guard input[input.rank - 2] > 0 && input[input.rank - 1] > 0 else {
      throw ShapeError(operation, "the input \(input) has no pixels; only the batch may be empty")
    }
  }

  private func check(_ operation: String, bias: Shape?, outputChannels: Int, weight: Shape) throws(ShapeError) {
    guard let bias else { return }
    guard bias.rank == 1 && bias[0] == outputChannels else {
      throw ShapeError(
        operation, "the weight \(weight) with \(groups) groups needs a bias of (\(outputChannels)), but it is \(bias)")
    }
  }

  private func transposedLength(
    _ operation: String, _ axis: Axis, length: Int, kernel: Int, input: Shape
  ) throws(ShapeError) -> Int {
    let (grown, cropped) = try grownLength(operation, axis, length: length, kernel: kernel, input: input)
    guard grown > cropped else {
      throw ShapeError(
        operation,
        """
        \(length) pixels grow to \(grown) and \(cropped) of them are cropped as padding, so that there is no output for \
        input \(input)
        """)
    }
    return grown - cropped
  }

  /// What one axis grows to, and how much of it is cropped.
  private func grownLength(
    _ operation: String, _ axis: Axis, length: Int, kernel: Int, input: Shape
  ) throws(ShapeError) -> (grown: Int, cropped: Int) {
    guard let spread = product(length - 1, axis.stride), let reach = extent(kernel, axis.dilation),
      let grown = sum(spread, reach, axis.outputPadding), let cropped = sum(axis.paddingBefore, axis.paddingAfter)
    else {
      throw ShapeError(operation, "the output is too large to count for input \(input) with stride \(axis.stride)")
    }
    return (grown, cropped)
  }

  private func output(
    _ operation: String, input: Shape, weight: Shape, channels: Int, lengths: [Int]
  ) throws(ShapeError) -> Shape {
    let batch = input.rank == 4 ? input[0] : 1
    guard let plane = product(lengths[0], lengths[1]), let image = product(plane, channels),
      let count = product(image, batch), product(count, 4) != nil
    else { throw tooLarge(operation, input: input, weight: weight) }
    return input.rank == 4 ? [batch, channels, lengths[0], lengths[1]] : [channels, lengths[0], lengths[1]]
  }

  private func tooLarge(_ operation: String, input: Shape, weight: Shape) -> ShapeError {
    ShapeError(operation, "the output for input \(input) and weight \(weight) is too large to count")
  }
}

/// `dilation·(kernel − 1) + 1`
private func extent(_ kernel: Int, _ dilation: Int) -> Int? {
  product(kernel - 1, dilation).flatMap { sum($0, 1) }
}

private func product(_ left: Int, _ right: Int) -> Int? {
  let (value, overflows) = left.multipliedReportingOverflow(by: right)
  return overflows ? nil : value
}

private func sum(_ terms: Int...) -> Int? {
  var total = 0
  for term in terms {
    let (value, overflows) = total.addingReportingOverflow(term)
    guard !overflows else { return nil }
    total = value
  }
  return total
}
