extension ConvolutionGeometry {
  /// The names under which `axes` appear in messages.
  private var namedAxes: [(name: String, axis: Axis)] { [("vertical", vertical), ("horizontal", horizontal)] }

  /// Refuses attributes that no input could make sense of.
  package func checkAttributes(_ operation: String) throws(ShapeError) {
    guard groups > 0 else { throw ShapeError(operation, "groups must be positive, but is \(groups)") }
    for (name, axis) in namedAxes {
      guard axis.stride > 0 else {
        throw ShapeError(operation, "the \(name) stride must be positive, but is \(axis.stride)")
      }
      guard axis.dilation > 0 else {
        throw ShapeError(operation, "the \(name) dilation must be positive, but is \(axis.dilation)")
      }
      guard axis.paddingBefore >= 0 && axis.paddingAfter >= 0 else {
        let padding = min(axis.paddingBefore, axis.paddingAfter)
        throw ShapeError(operation, "the \(name) padding must not be negative, but is \(padding)")
      }
      guard axis.outputPadding >= 0 else {
        throw ShapeError(operation, "the \(name) output padding must not be negative, but is \(axis.outputPadding)")
      }
      guard axis.outputPadding < axis.stride || axis.outputPadding < axis.dilation else {
        throw ShapeError(
          operation,
          """
          the \(name) output padding must be smaller than the stride or than the dilation, but is \(axis.outputPadding) \
          with stride \(axis.stride) and dilation \(axis.dilation)
          """)
      }
    }
  }

  /// Refuses channel numbers that do not divide into the groups; for layers, before there is a weight.
  package func checkChannels(_ operation: String, inChannels: Int, outChannels: Int) throws(ShapeError) {
    for (name, channels) in [("input", inChannels), ("output", outChannels)] {
      guard channels > 0 else { throw ShapeError(operation, "needs \(name) channels, but has \(channels)") }
      guard channels % groups == 0 else {
        throw ShapeError(operation, "\(channels) \(name) channels do not divide into \(groups) groups")
      }
    }
  }

  /// Refuses kernels without elements.
  package func checkKernel(_ operation: String, height: Int, width: Int) throws(ShapeError) {
    guard height > 0 && width > 0 else {
      throw ShapeError(operation, "the kernel must have a positive size, but is \(height)×\(width)")
    }
  }
}
