/// How `interpolate` fills in new samples; the raw values are PyTorch's.
public enum InterpolationMode: String, Hashable, Sendable, CaseIterable {
  /// The sample at ⌊output·step⌋.
  case nearest
  /// The sample under the centre of the output sample.
  case nearestExact = "nearest-exact"
  /// Along one axis: `(N, C, L)`.
  case linear
  /// `(N, C, H, W)`.
  case bilinear
  /// Keys' kernel with a = −0.75, or −0.5 with antialias; may overshoot the range of the input.
  case bicubic
  /// `(N, C, D, H, W)`.
  case trilinear
  /// The mean of the input samples that an output sample covers.
  case area
  /// A windowed sinc of radius 3; with antialias only.
  case lanczos
}

/// One number for each spatial axis: written alone for all of them, or as an array.
public struct SpatialValues<Number: Hashable & Sendable>: Hashable, Sendable, ExpressibleByArrayLiteral {
  private let numbers: [Number]
  private let isForAll: Bool

  public init(_ numbers: [Number]) { (self.numbers, isForAll) = (numbers, false) }
  public init(_ number: Number) { (numbers, isForAll) = ([number], true) }
  public init(arrayLiteral elements: Number...) { self.init(elements) }

  /// The numbers of `count` axes, or `nil` when there are more or fewer.
  func values(count: Int) -> [Number]? {
    isForAll ? Array(repeating: numbers[0], count: count) : numbers.count == count ? numbers : nil
  }

  var given: [Number] { numbers }
}

extension SpatialValues: CustomStringConvertible {
  /// One number, or a tuple as PyTorch prints it.
  public var description: String {
    isForAll ? "\(numbers[0])" : "(" + numbers.map { "\($0)" }.joined(separator: ", ") + ")"
  }
}

extension SpatialValues: ExpressibleByIntegerLiteral where Number: ExpressibleByIntegerLiteral {
  public init(integerLiteral value: Number.IntegerLiteralType) { self.init(Number(integerLiteral: value)) }
}

extension SpatialValues: ExpressibleByFloatLiteral where Number: ExpressibleByFloatLiteral {
  public init(floatLiteral value: Number.FloatLiteralType) { self.init(Number(floatLiteral: value)) }
}

/// Resampling along the spatial axes, one after the other, the last one first.
package struct Interpolation: Operation {
  package static let name = "interpolate"

  package var size: SpatialValues<Int>?
  package var scaleFactor: SpatialValues<Double>?
  package var mode: InterpolationMode
  package var alignsCorners: Bool?
  package var recomputesScaleFactor = false
  package var antialiases = false

  package init(
    size: SpatialValues<Int>? = nil, scaleFactor: SpatialValues<Double>? = nil, mode: InterpolationMode,
    alignsCorners: Bool? = nil, recomputesScaleFactor: Bool = false, antialiases: Bool = false
  ) {
    self.size = size
    self.scaleFactor = scaleFactor
    self.mode = mode
    self.alignsCorners = alignsCorners
    self.recomputesScaleFactor = recomputesScaleFactor
    self.antialiases = antialiases
  }

  package func outputShape(of inputs: [Shape]) throws(ShapeError) -> Shape {
    let input = inputs[0]
    try checkMode(input)
    let lengths = Array(input.dimensions.dropFirst(2))
    let outputs: [Int]
    switch (size, scaleFactor) {
    case (nil, nil): throw ShapeError(Self.name, "either size or scaleFactor must be given")
    case (.some, .some): throw ShapeError(Self.name, "only one of size and scaleFactor can be given")
    case (let size?, nil):
      guard !recomputesScaleFactor else {
        throw ShapeError(Self.name, "recomputeScaleFactor has no meaning with an explicit size")
      }
      guard let values = size.values(count: lengths.count) else {
        throw ShapeError(Self.name, "the size \(size.given) does not fit the \(lengths.count) spatial axes of \(input)")
      }
      outputs = values
    case (nil, let scaleFactor?):
      guard let factors = scaleFactor.values(count: lengths.count) else {
        throw ShapeError(
          Self.name, "the scale factor \(scaleFactor.given) does not fit the \(lengths.count) spatial axes of \(input)")
      }
      guard factors.allSatisfy({ $0.isFinite && $0 > 0 && $0 < 1e9 }) else {
        throw ShapeError(Self.name, "the scale factor must be positive, but is \(scaleFactor.given)")
      }
      outputs = zip(lengths, factors).map { Int((Double($0) * $1).rounded(.down)) }
    }
    guard (lengths + outputs).allSatisfy({ $0 > 0 }) && input[1] > 0 else {
      throw ShapeError(
        Self.name, "input and output must not be empty, but the input is \(input) and the output size \(outputs)")
    }
    return try Shape(validating: input.dimensions.prefix(2) + outputs)
  }

  private func checkMode(_ input: Shape) throws(ShapeError) {
    guard (3...5).contains(input.rank) else {
      throw ShapeError(Self.name, "the input must be (N, C, L), (N, C, H, W) or (N, C, D, H, W), but is \(input)")
    }
    let rank: Int? =
      switch mode {
      case .linear: 3
      case .bilinear, .bicubic, .lanczos: 4
      case .trilinear: 5
      case .nearest, .nearestExact, .area: nil
      }
    if let rank, rank != input.rank {
      throw ShapeError(Self.name, "mode \(mode.rawValue) needs an input of \(rank) axes, but it is \(input)")
    }
    switch mode {
    case .linear, .bilinear, .bicubic, .trilinear: break
    default:
      guard alignsCorners == nil else {
        throw ShapeError(Self.name, "alignCorners has no meaning in mode \(mode.rawValue)")
      }
    }
    guard !antialiases || mode == .bilinear || mode == .bicubic || mode == .lanczos else {
      throw ShapeError(Self.name, "antialias works in modes bilinear, bicubic and lanczos, not \(mode.rawValue)")
    }
    guard mode != .lanczos || antialiases else { throw ShapeError(Self.name, "mode lanczos needs antialias: true") }
  }

  func weights(_ input: Shape, _ output: Shape) -> [ResamplingWeights] {
    let factors = recomputesScaleFactor ? nil : scaleFactor?.values(count: input.rank - 2)
    var all: [ResamplingWeights] = []
    for axis in 2..<input.rank {
      let isLikeLast =
        axis > 2 && input[axis] == input[axis - 1] && output[axis] == output[axis - 1]
        && factors?[axis - 2] == factors?[axis - 3]
      let own =
        isLikeLast
        ? all.last!
        : ResamplingWeights(
          mode, from: input[axis], to: output[axis],
          step: copiesEqualLengths(input) && input[axis] == output[axis] ? 1 : factors.map { 1 / $0[axis - 2] },
          alignsCorners: alignsCorners ?? false, antialiases: antialiases)
      all.append(own)
    }
    return all
  }

  /// Whether an axis whose length stays is copied even where a scale factor such as 1.3 would move its samples, as PyTorch
  /// does in these modes (`nearest` on pictures only).
  private func copiesEqualLengths(_ input: Shape) -> Bool {
    switch mode {
    case .nearest: input.rank == 4
    case .linear, .bilinear, .trilinear: true
    case .nearestExact, .bicubic, .area, .lanczos: antialiases
    }
  }

  package func value(of inputs: [Tensor], shape: Shape) -> Tensor {
    resampled(inputs[0], weights(inputs[0].shape, shape))
  }

  package func gradients(_ context: GradientContext) -> [Tensor?] {
    [resampled(context.cotangent, weights(context.inputs[0].shape, context.output.shape).map(\.transposed))]
  }

  /// The last two axes together, and then those before them.
  private func resampled(_ tensor: Tensor, _ weights: [ResamplingWeights]) -> Tensor {
    var dimensions = tensor.shape.dimensions
    dimensions[dimensions.count - 1] = weights.last!.outputLength
    guard weights.count > 1 else {
      let rows = ResamplingWeights(.nearest, from: dimensions[1], to: dimensions[1])
      return PlaneResampling(vertical: rows, horizontal: weights[0]).applied(to: tensor, shape: Shape(dimensions))
    }
    dimensions[dimensions.count - 2] = weights[weights.count - 2].outputLength
    var result = PlaneResampling(vertical: weights[weights.count - 2], horizontal: weights.last!)
      .applied(to: tensor, shape: Shape(dimensions))
    for index in weights.indices.dropLast(2).reversed() {
      dimensions[2 + index] = weights[index].outputLength
      result = weights[index].applied(
        to: result, inner: dimensions[(3 + index)...].reduce(1, *), shape: Shape(dimensions))
    }
    return result
  }
}

/// Resamples pictures to another size, PyTorch's `F.interpolate`: `(N, C, L)`, `(N, C, H, W)` or `(N, C, D, H, W)`.
///
/// Stops with the numbers where PyTorch raises an error.
///
/// - Parameters:
///   - size: The spatial size of the output; or
///   - scaleFactor: that of the input times this, rounded down. Coordinates then use the factor itself, not the ratio of the
///     sizes, unless `recomputeScaleFactor`.
///   - alignCorners: Whether the centres of the corner pixels stay in place, in the linear and cubic modes.
///   - antialias: Whether the filter widens when the picture shrinks, in modes bilinear, bicubic and lanczos.
public func interpolate(
  _ x: Tensor, size: SpatialValues<Int>? = nil, scaleFactor: SpatialValues<Double>? = nil,
  mode: InterpolationMode = .nearest, alignCorners: Bool? = nil, recomputeScaleFactor: Bool = false,
  antialias: Bool = false
) -> Tensor {
  Interpolation(
    size: size, scaleFactor: scaleFactor, mode: mode, alignsCorners: alignCorners,
    recomputesScaleFactor: recomputeScaleFactor, antialiases: antialias)(x)
}
