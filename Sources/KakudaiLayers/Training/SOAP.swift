public import KakudaiTensors

#if canImport(Glibc)
import Glibc
#elseif canImport(Darwin)
import Darwin
#endif

/// Adam in the directions in which the gradients of a weight vary independently (Vyas et al., 2024, "SOAP: Improving and
/// Stabilizing Shampoo using Adam").
///
/// A weight with gradient G is a matrix, `(outChannels, inChannels · k²)` for a convolution's. L ← β₂·L + (1 − β₂)·G·Gᵀ and
/// R ← β₂·R + (1 − β₂)·Gᵀ·G; the rows of U and V are their eigenvectors, brought nearer every `interval` steps by one step of
/// orthogonal iteration. With M ← β₁·M + (1 − β₁)·G and S ← β₂·S + (1 − β₂)·(U·G·Vᵀ)², in step t
/// θ ← θ − `learningRate`·Uᵀ·((U·M·Vᵀ / (1 − β₁ᵗ)) / (√(S / (1 − β₂ᵗ)) + `epsilon`))·V. Vectors, and sides longer than
/// `longestSide`, are not turned: their directions are their elements, as in Adam.
public struct SOAP: Optimizer {
  public var learningRate: Float
  public let momentum: Float
  public let squareMomentum: Float
  public let epsilon: Float
  public let interval: Int
  private var weights: [Weight]
  private var steps = Tensor(0)

  public var stepCount: Int { Int(steps.item) }

  /// - Parameters:
  ///   - momentum: β₁.
  ///   - squareMomentum: β₂.
  ///   - interval: Steps between two turns of the directions.
  public init(
    for model: some Parameterized, learningRate: Float = 5e-3, momentum: Float = 0.95, squareMomentum: Float = 0.95,
    epsilon: Float = 1e-8, interval: Int = 10, longestSide: Int = 1024
  ) {
    guard interval > 0 else { fatalError("SOAP: the interval must be at least 1, but is \(interval)") }
    (self.learningRate, self.momentum, self.squareMomentum) = (learningRate, momentum, squareMomentum)
    (self.epsilon, self.interval) = (epsilon, interval)
    weights = model.tensors(.parameter).map { Weight($0.shape, longestSide: longestSide) }
  }

  public mutating func update<Model: Parameterized>(_ model: inout Model, along gradient: Model) {
    // Counted in Float, which is exact up to 2²⁴ steps.
    steps = Tensor(steps.item + 1)
    let adam = AdamStep(
      momentum: momentum, squareMomentum: squareMomentum, added: 0, kept: 1,
      stepSize: learningRate / (1 - powf(momentum, steps.item)),
      squareScale: (1 - powf(squareMomentum, steps.item)).squareRoot(), epsilon: epsilon)
    let (share, turns) = (1 - squareMomentum, stepCount % interval == 0)
    // Taken out, so that each is held once and changes in place.
    var weights = self.weights
    self.weights = []
    forEachParameter(of: &model, along: gradient, parameterCount: weights.count) { index, parameter, gradient in
      weights[index].follow(gradient, share: share)
      if turns { weights[index].turn() }
      weights[index].step(parameter, along: gradient, adam)
    }
    self.weights = weights
  }

  public mutating func visitParameters(_ visitor: inout some ParameterVisitor) {
    visitor.visit("steps", &steps, role: .buffer)
    visitor.visit("weights", &weights)
  }
}

/// What is remembered of one parameter, as a matrix.
private struct Weight: Parameterized {
  /// M and S, along the directions.
  private var mean: Tensor
  private var square: Tensor
  private var left: Directions?
  private var right: Directions?
  private var shape: Shape { mean.shape }

  init(_ shape: Shape, longestSide: Int) {
    let rows = shape.rank > 1 ? shape[0] : 1
    let columns = shape.elementCount / max(1, rows)
    mean = .zeros([rows, columns])
    square = mean
    guard shape.rank > 1 else { return }
    left = rows > longestSide ? nil : Directions(rows)
    right = columns > longestSide ? nil : Directions(columns)
  }

  /// Lets the moments of both sides follow the gradient.
  mutating func follow(_ gradient: UnsafeBufferPointer<Float>, share: Float) {
    let gradient = Tensor(Array(gradient), shape: shape)
    left?.moment.approach(matmul(gradient, gradient.transposed(0, 1)), share: share)
    right?.moment.approach(matmul(gradient.transposed(0, 1), gradient), share: share)
  }

  /// Turns the directions, and with them the mean gradient.
  mutating func turn() {
    if let turn = left?.turn() { mean = matmul(turn, mean) }
    if let turn = right?.turn() { mean = matmul(mean, turn.transposed(0, 1)) }
  }

  mutating func step(
    _ parameter: UnsafeMutableBufferPointer<Float>, along gradient: UnsafeBufferPointer<Float>, _ adam: AdamStep
  ) {
    var turned = Tensor(Array(gradient), shape: shape)
    if let left { turned = matmul(left.rows, turned) }
    if let right { turned = matmul(turned, right.rows.transposed(0, 1)) }
    var change = Tensor.zeros(shape)
    change.withUnsafeMutableBufferPointer { change in
      turned.withUnsafeBufferPointer { turned in
        mean.withUnsafeMutableBufferPointer { mean in
          square.withUnsafeMutableBufferPointer { adam.apply(to: change, along: turned, mean: mean, square: $0) }
        }
      }
    }
    if let left { change = matmul(left.rows.transposed(0, 1), change) }
    if let right { change = matmul(change, right.rows) }
    change.withUnsafeBufferPointer { change in
      for index in parameter.indices { parameter[index] += change[index] }
    }
  }

  mutating func visitParameters(_ visitor: inout some ParameterVisitor) {
    visitor.visit("mean", &mean, role: .buffer)
    visitor.visit("square", &square, role: .buffer)
    if left != nil { visitor.visit("left", &left!) }
    if right != nil { visitor.visit("right", &right!) }
  }
}

/// Orthonormal directions along one side of a matrix: about the eigenvectors of a moment.
private struct Directions: Parameterized {
  /// L or R.
  var moment: Tensor
  /// U or V, one direction a row.
  private(set) var rows: Tensor

  init(_ count: Int) {
    moment = .zeros([count, count])
    rows = moment
    rows.withUnsafeMutableBufferPointer { elements in
      for index in 0..<count { elements[index * (count + 1)] = 1 }
    }
  }

  /// One step of orthogonal iteration, with what the moment lacks to be regular: no direction may be lost.
  ///
  /// - Returns: the new directions in terms of the old ones.
  mutating func turn() -> Tensor {
    let old = rows
    let trace = (0..<rows.shape[0]).reduce(Float(0)) { $0 + moment[$1, $1] }
    // Without any gradient so far, the directions stay.
    rows = matmul(rows, moment) + rows * max(1e-6 * trace, .leastNormalMagnitude)
    rows.orthonormalizeRows()
    return matmul(rows, old.transposed(0, 1))
  }

  mutating func visitParameters(_ visitor: inout some ParameterVisitor) {
    visitor.visit("moment", &moment, role: .buffer)
    visitor.visit("rows", &rows, role: .buffer)
  }
}
