public import KakudaiTensors

/// A model whose parameters follow those of a trained one slowly, which evens out the noise of the last steps.
public struct ExponentialMovingAverage<Model: Parameterized & Sendable>: Parameterized, Sendable {
  public private(set) var average: Model
  /// How much of the average stays in one step.
  public let decay: Float
  private var steps = Tensor(0)

  public init(of model: Model, decay: Float = 0.999) {
    guard decay >= 0 && decay < 1 else {
      fatalError("ExponentialMovingAverage: decay must be in 0..<1, but is \(decay)")
    }
    (average, self.decay) = (model, decay)
  }

  /// Moves the average towards `model`; in the first steps by more, so that its beginning is soon forgotten. Buffers are taken.
  public mutating func update(_ model: Model) {
    let step = steps.item
    let kept = min(decay, (1 + step) / (10 + step))
    steps = Tensor(step + 1)
    var mixing = Mixing(source: model.namedTensors.map(\.tensor), kept: kept)
    average.visitParameters(&mixing)
  }

  public mutating func visitParameters(_ visitor: inout some ParameterVisitor) {
    visitor.visit("steps", &steps, role: .buffer)
    visitor.visit("average", &average)
  }
}

private struct Mixing: ParameterVisitor {
  let source: [Tensor]
  let kept: Float
  var index = 0
  var path: [String] = []

  init(source: [Tensor], kept: Float) { (self.source, self.kept) = (source, kept) }

  mutating func visit(tensor: inout Tensor, named name: String, role: ParameterRole) {
    defer { index += 1 }
    guard role == .parameter else {
      tensor = source[index]
      return
    }
    tensor.approach(source[index], share: 1 - kept)
  }
}
