/// Sums, means or variances over some axes. Sums are in Double, element after element.
struct Reduction: Operation {
  enum Kind: String, Sendable {
    case sum
    case mean
    /// Divided by n.
    case biasedVariance
    /// Divided by n − 1.
    case unbiasedVariance
  }

  static let name = "reduction"
  let kind: Kind
  /// `nil` for all.
  let axes: [Int]?
  let keepsAxes: Bool

  func outputShape(of inputs: [Shape]) throws(ShapeError) -> Shape {
    let reduced = try reducedAxes(inputs[0])
    return Shape(
      inputs[0].dimensions.indices.compactMap { axis in
        reduced.contains(axis) ? (keepsAxes ? 1 : nil) : inputs[0][axis]
      })
  }

  private func reducedAxes(_ shape: Shape) throws(ShapeError) -> Set<Int> {
    guard let axes else { return Set(0..<shape.rank) }
    var reduced: Set<Int> = []
    for axis in axes {
      guard reduced.insert(try shape.axis(axis, of: kind.rawValue)).inserted else {
        throw ShapeError(kind.rawValue, "axis \(axis) appears twice among \(axes)")
      }
    }
    return reduced
  }

  /// The input's shape with 1 along the reduced axes, and how many elements become one.
  private func kept(_ shape: Shape) -> (shape: Shape, count: Int) {
    let reduced = stopping { () throws(ShapeError) in try reducedAxes(shape) }
    let kept = Shape(shape.dimensions.indices.map { reduced.contains($0) ? 1 : shape[$0] })
    return (kept, reduced.reduce(1) { $0 * shape[$1] })
  }

  func value(of inputs: [Tensor], shape: Shape) -> Tensor {
    let (kept, count) = kept(inputs[0].shape)
    var sums = sums(inputs[0], kept) { element, _ in element }
    switch kind {
    case .sum: break
    case .mean: for index in sums.indices { sums[index] /= Double(count) }
    case .biasedVariance, .unbiasedVariance:
      let means = sums.map { $0 / Double(count) }
      sums = self.sums(inputs[0], kept) { element, index in (element - means[index]) * (element - means[index]) }
      for index in sums.indices { sums[index] /= divisor(count) }
    }
    return Tensor(sums.map { Float($0) }, shape: shape)
  }

  func gradients(_ context: GradientContext) -> [Tensor?] {
    let input = context.inputs[0]
    let (kept, count) = kept(input.shape)
    let cotangents = context.cotangent.elements
    let means =
      kind == .sum || kind == .mean ? [] : sums(input, kept) { element, _ in element }.map { $0 / Double(count) }
    let rows = BroadcastRows(of: kept, in: input.shape)
    let length = input.shape.rowLength
    let gradient = Tensor(shape: input.shape) { result in
      input.withUnsafeBufferPointer { input in
        for row in 0..<context.inputs[0].shape.rowCount {
          let start = rows.start(row)
          for column in 0..<length {
            let index = start + column * rows.step
            let cotangent = Double(cotangents[index])
            let element = row * length + column
            switch kind {
            case .sum: result[element] = cotangents[index]
            case .mean: result[element] = Float(cotangent / Double(count))
            case .biasedVariance, .unbiasedVariance:
              result[element] = Float(2 * cotangent * (Double(input[element]) - means[index]) / divisor(count))
            }
          }
        }
      }
    }
    return [gradient]
  }

  private func divisor(_ count: Int) -> Double { Double(kind == .unbiasedVariance ? count - 1 : count) }

  /// The sum of `term(element, index of the result)` for every result.
  @inline(__always)
  private func sums(_ input: Tensor, _ kept: Shape, _ term: (Double, Int) -> Double) -> [Double] {
    let rows = BroadcastRows(of: kept, in: input.shape)
    let length = input.shape.rowLength
    var sums = [Double](repeating: 0, count: kept.elementCount)
    input.withUnsafeBufferPointer { elements in
      for row in 0..<input.shape.rowCount {
        let start = rows.start(row)
        for column in 0..<length {
          let index = start + column * rows.step
          sums[index] += term(Double(elements[row * length + column]), index)
        }
      }
    }
    return sums
  }
}

extension Tensor {
  /// The sum over `axes`, or over all; negative axes count from the end. A kept axis has extent 1.
  public func sum(axes: [Int]? = nil, keepingAxes: Bool = false) -> Tensor {
    Reduction(kind: .sum, axes: axes, keepsAxes: keepingAxes)(self)
  }

  /// The mean over `axes`, or over all; NaN of no elements.
  public func mean(axes: [Int]? = nil, keepingAxes: Bool = false) -> Tensor {
    Reduction(kind: .mean, axes: axes, keepsAxes: keepingAxes)(self)
  }

  /// The mean square distance from the mean; `isUnbiased` divides by n − 1 in place of n (PyTorch's `var`).
  public func variance(axes: [Int]? = nil, isUnbiased: Bool = true, keepingAxes: Bool = false) -> Tensor {
    Reduction(kind: isUnbiased ? .unbiasedVariance : .biasedVariance, axes: axes, keepsAxes: keepingAxes)(self)
  }
}
