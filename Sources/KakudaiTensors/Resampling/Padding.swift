/// What stands beyond the border of a picture; the raw values are PyTorch's.
public enum PaddingMode: String, Hashable, Sendable, CaseIterable {
  /// Zeros, or another constant.
  case zeros
  /// The picture mirrored at its border pixels, which are not repeated.
  case reflect
  /// The border pixels.
  case replicate
  /// The picture from its other end.
  case circular
}

/// Pixels added to both ends of the last axes, or cut off where their number is negative.
package struct Padding: Operation {
  package static let name = "pad"
  /// PyTorch's order: before and after the last axis, then the one before it.
  package let amounts: [Int]
  package let mode: PaddingMode
  package let value: Float

  package init(amounts: [Int], mode: PaddingMode, value: Float = 0) {
    self.amounts = amounts
    self.mode = mode
    self.value = value
  }

  package func outputShape(of inputs: [Shape]) throws(ShapeError) -> Shape {
    let input = inputs[0]
    guard amounts.count % 2 == 0 && amounts.count <= 2 * input.rank else {
      throw ShapeError(Self.name, "\(amounts.count) amounts do not make a pair for some of the axes of \(input)")
    }
    var dimensions = input.dimensions
    for pair in 0..<amounts.count / 2 {
      let axis = input.rank - 1 - pair
      let (before, after) = (amounts[2 * pair], amounts[2 * pair + 1])
      let length = dimensions[axis]
      switch mode {
      case .zeros: break
      case .reflect:
        guard before < length && after < length else {
          throw ShapeError(
            Self.name,
            "reflecting needs less padding than pixels, but axis \(axis) of \(input) gets (\(before), \(after))")
        }
      case .replicate:
        guard length > 0 else {
          throw ShapeError(Self.name, "there is no pixel to replicate in axis \(axis) of \(input)")
        }
      case .circular:
        guard before <= length && after <= length else {
          throw ShapeError(
            Self.name, "wrapping around goes once at most, but axis \(axis) of \(input) gets (\(before), \(after))")
        }
      }
      let (partial, firstOverflow) = length.addingReportingOverflow(before)
      let (padded, secondOverflow) = partial.addingReportingOverflow(after)
      guard !firstOverflow && !secondOverflow && padded > 0 || (mode == .zeros && padded == 0) else {
        throw ShapeError(Self.name, "padding (\(before), \(after)) leaves nothing of axis \(axis) of \(input)")
      }
      dimensions[axis] = padded
    }
    return try Shape(validating: dimensions)
  }

  package func value(of inputs: [Tensor], shape: Shape) -> Tensor {
    let sources = sources(inputs[0].shape, shape)
    return Tensor(shape: shape) { output in
      inputs[0].withUnsafeBufferPointer { input in
        forEachRow(inputs[0].shape, shape, sources) { row, start in
          for (column, source) in sources[shape.rank - 1].enumerated() {
            output[row + column] = start < 0 || source < 0 ? value : input[start + source]
          }
        }
      }
    }
  }

  package func gradients(_ context: GradientContext) -> [Tensor?] {
    let (input, shape) = (context.inputs[0].shape, context.output.shape)
    let sources = sources(input, shape)
    var gradient = Tensor.zeros(input)
    gradient.withUnsafeMutableBufferPointer { gradient in
      context.cotangent.withUnsafeBufferPointer { cotangent in
        forEachRow(input, shape, sources) { row, start in
          guard start >= 0 else { return }
          for (column, source) in sources[shape.rank - 1].enumerated() where source >= 0 {
            gradient[start + source] += cotangent[row + column]
          }
        }
      }
    }
    return [gradient]
  }

  /// For each axis, the input index of every output index; −1 where the constant stands.
  func sources(_ input: Shape, _ output: Shape) -> [[Int]] {
    (0..<input.rank).map { axis in
      let pair = input.rank - 1 - axis
      let before = 2 * pair < amounts.count ? amounts[2 * pair] : 0
      let length = input[axis]
      return (0..<output[axis]).map { index in
        let source = index - before
        if source >= 0 && source < length { return source }
        switch mode {
        case .zeros: return -1
        case .reflect: return source < 0 ? -source : 2 * (length - 1) - source
        case .replicate: return source < 0 ? 0 : length - 1
        case .circular: return source < 0 ? source + length : source - length
        }
      }
    }
  }

  /// Where each output row begins, and the input row it is made of; −1 for a constant one.
  private func forEachRow(_ input: Shape, _ output: Shape, _ sources: [[Int]], _ body: (Int, Int) -> Void) {
    let strides = input.strides
    for row in 0..<output.rowCount {
      var rest = row
      var start = 0
      for axis in (0..<output.rank - 1).reversed() {
        let (next, index) = rest.quotientAndRemainder(dividingBy: output[axis])
        let source = sources[axis][index]
        start = source < 0 || start < 0 ? -1 : start + source * strides[axis]
        rest = next
      }
      body(row * output.rowLength, start)
    }
  }
}

/// Adds pixels around pictures, PyTorch's `F.pad`.
///
/// - Parameters:
///   - amounts: `[left, right, top, bottom]`, or pairs for more or fewer axes, the last axis first; negative ones crop.
///   - value: The constant of mode `zeros`.
public func pad(_ x: Tensor, _ amounts: [Int], mode: PaddingMode = .zeros, value: Float = 0) -> Tensor {
  Padding(amounts: amounts, mode: mode, value: value)(x)
}
