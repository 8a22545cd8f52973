public import KakudaiTensors

/// Stochastic gradient descent with momentum (PyTorch's `optim.SGD`).
///
/// Per parameter θ with gradient g: g ← g + `weightDecay`·θ; v ← `momentum`·v + g (v = g in the first step);
/// θ ← θ − `learningRate`·(g + `momentum`·v) with Nesterov's rule, else θ − `learningRate`·v.
public struct SGD: Optimizer {
  public var learningRate: Float
  public let momentum: Float
  public let weightDecay: Float
  public let isNesterov: Bool
  private var velocities: [Tensor]
  private var steps = Tensor(0)

  public var stepCount: Int { Int(steps.item) }

  public init(
    for model: some Parameterized, learningRate: Float = 1e-3, momentum: Float = 0, weightDecay: Float = 0,
    isNesterov: Bool = false
  ) {
    guard !isNesterov || momentum > 0 else { fatalError("SGD: Nesterov's rule needs a momentum") }
    (self.learningRate, self.momentum) = (learningRate, momentum)
    (self.weightDecay, self.isNesterov) = (weightDecay, isNesterov)
    velocities = model.zeros()
  }

  public mutating func update<Model: Parameterized>(_ model: inout Model, along gradient: Model) {
    let (rate, momentum, decay, isNesterov) = (learningRate, momentum, weightDecay, isNesterov)
    let isFirst = steps.item == 0
    // Taken out, so that each is held once and changes in place.
    var velocities = self.velocities
    self.velocities = []
    forEachParameter(of: &model, along: gradient, parameterCount: velocities.count) { index, parameter, gradient in
      velocities[index].withUnsafeMutableBufferPointer { velocity in
        for element in parameter.indices {
          let slope = gradient[element] + decay * parameter[element]
          velocity[element] = isFirst ? slope : momentum * velocity[element] + slope
          parameter[element] -= rate * (isNesterov ? slope + momentum * velocity[element] : velocity[element])
        }
      }
    }
    self.velocities = velocities
    steps = Tensor(steps.item + 1)
  }

  public mutating func visitParameters(_ visitor: inout some ParameterVisitor) {
    visitor.visit("steps", &steps, role: .buffer)
    for index in velocities.indices { visitor.visit("velocities.\(index)", &velocities[index], role: .buffer) }
  }
}
