public import KakudaiTensors

#if canImport(Glibc)
import Glibc
#elseif canImport(Darwin)
import Darwin
#endif

/// Steps scaled by running means of the gradient and of its square (Kingma and Ba, 2015; PyTorch's `optim.Adam`).
///
/// Per parameter θ with gradient g in step t: m ← β₁·m + (1 − β₁)·g; v ← β₂·v + (1 − β₂)·g²;
/// θ ← θ − `learningRate`·(m / (1 − β₁ᵗ)) / (√(v / (1 − β₂ᵗ)) + `epsilon`). Weight decay adds λ·θ to g, or, where it is
/// decoupled (Loshchilov and Hutter, 2019; PyTorch's `optim.AdamW`), takes `learningRate`·λ·θ from θ first.
public struct Adam: Optimizer {
  /// What weight decay changes.
  public enum WeightDecay: Hashable, Sendable {
    case ofGradient(Float)
    /// AdamW's.
    case decoupled(Float)
  }

  public var learningRate: Float
  public let momentum: Float
  public let squareMomentum: Float
  public let epsilon: Float
  public let weightDecay: WeightDecay
  private var means: [Tensor]
  private var squares: [Tensor]
  private var steps = Tensor(0)

  public var stepCount: Int { Int(steps.item) }

  /// - Parameters:
  ///   - momentum: β₁.
  ///   - squareMomentum: β₂.
  public init(
    for model: some Parameterized, learningRate: Float = 1e-3, momentum: Float = 0.9, squareMomentum: Float = 0.999,
    epsilon: Float = 1e-8, weightDecay: WeightDecay = .ofGradient(0)
  ) {
    (self.learningRate, self.momentum, self.squareMomentum) = (learningRate, momentum, squareMomentum)
    (self.epsilon, self.weightDecay) = (epsilon, weightDecay)
    means = model.zeros()
    squares = model.zeros()
  }

  public mutating func update<Model: Parameterized>(_ model: inout Model, along gradient: Model) {
    // Counted in Float, which is exact up to 2²⁴ steps.
    steps = Tensor(steps.item + 1)
    let step = Double(steps.item)
    let stepSize = Float(Double(learningRate) / (1 - pow(Double(momentum), step)))
    let squareScale = Float((1 - pow(Double(squareMomentum), step)).squareRoot())
    let (added, kept): (Float, Float) =
      switch weightDecay {
      case .ofGradient(let decay): (decay, 1)
      case .decoupled(let decay): (0, 1 - learningRate * decay)
      }
    let adam = AdamStep(
      momentum: momentum, squareMomentum: squareMomentum, added: added, kept: kept, stepSize: stepSize,
      squareScale: squareScale, epsilon: epsilon)
    // Taken out, so that each is held once and changes in place.
    var (means, squares) = (self.means, self.squares)
    (self.means, self.squares) = ([], [])
    forEachParameter(of: &model, along: gradient, parameterCount: means.count) { index, parameter, gradient in
      means[index].withUnsafeMutableBufferPointer { mean in
        squares[index].withUnsafeMutableBufferPointer { square in
          adam.apply(to: parameter, along: gradient, mean: mean, square: square)
        }
      }
    }
    (self.means, self.squares) = (means, squares)
  }

  public mutating func visitParameters(_ visitor: inout some ParameterVisitor) {
    visitor.visit("steps", &steps, role: .buffer)
    for index in means.indices { visitor.visit("means.\(index)", &means[index], role: .buffer) }
    for index in squares.indices { visitor.visit("squares.\(index)", &squares[index], role: .buffer) }
  }
}
