/// Sums, means or variances over some axes. Sums are in Double.
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
    var sums = inputs[0].sums(to: kept)
    switch kind {
    case .sum: break
    case .mean: for index in sums.indices { sums[index] /= Double(count) }
    case .biasedVariance, .unbiasedVariance:
      sums = squaredDistances(inputs[0], from: sums.map { $0 / Double(count) }, kept)
      for index in sums.indices { sums[index] /= divisor(count) }
    }
    return Tensor(sums.map { Float($0) }, shape: shape)
  }

  func gradients(_ context: GradientContext) -> [Tensor?] {
    let input = context.inputs[0]
    let (kept, count) = kept(input.shape)
    let cotangent = context.cotangent.unrecorded.viewed(as: kept)
    switch kind {
    case .sum: return [cotangent.stretched(to: input.shape)]
    case .mean: return [(cotangent / Float(count)).stretched(to: input.shape)]
    case .biasedVariance, .unbiasedVariance:
      let cotangents = cotangent.elements
      let means = input.sums(to: kept).map { $0 / Double(count) }
      let gradient = Tensor(shape: input.shape) { result in
        forEachElement(input, kept) { position, element, index in
          result[position] = Float(2 * Double(cotangents[index]) * (element - means[index]) / divisor(count))
        }
      }
      return [gradient]
    }
  }

  private func divisor(_ count: Int) -> Double { Double(kind == .unbiasedVariance ? count - 1 : count) }

  /// The sum of (element − mean)² for every mean.
  private func squaredDistances(_ input: Tensor, from means: [Double], _ kept: Shape) -> [Double] {
    var sums = [Double](repeating: 0, count: means.count)
    forEachElement(input, kept) { _, element, index in
      sums[index] += (element - means[index]) * (element - means[index])
    }
    return sums
  }

  /// Each element, its position, and the index of its result.
  @inline(__always)
  private func forEachElement(_ input: Tensor, _ kept: Shape, _ body: (Int, Double, Int) -> Void) {
    let runs = BroadcastRuns(of: [kept], in: input.shape)
    input.withUnsafeBufferPointer { elements in
      for run in 0..<runs.count {
        let start = runs.start(run, of: 0)
        for offset in 0..<runs.length {
          let position = run * runs.length + offset
          body(position, Double(elements[position]), start + offset * runs.steps[0])
        }
      }
    }
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
