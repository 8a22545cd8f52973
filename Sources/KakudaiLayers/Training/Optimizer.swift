public import KakudaiTensors

/// Changes the parameters of a model along the gradient of a loss.
///
/// ```swift
/// var optimizer = Adam(for: model, learningRate: 1e-3)
/// let (loss, gradient) = valueAndGradient(of: model) { mseLoss($0(input), target) }
/// optimizer.update(&model, along: gradient)
/// ```
///
/// What an optimizer remembers is visited like the parameters of a layer, so that it is saved and loaded like one.
public protocol Optimizer: Parameterized, Sendable {
  /// May be changed between steps, by a schedule.
  var learningRate: Float { get set }

  /// Steps taken so far.
  var stepCount: Int { get }

  /// Takes one step. `gradient` is what `valueAndGradient(of:)` gave for `model`: parameters move, buffers take their new values.
  mutating func update<Model: Parameterized>(_ model: inout Model, along gradient: Model)
}

extension Parameterized {
  /// The tensors of one role, in the order in which they are visited.
  func tensors(_ role: ParameterRole) -> [Tensor] { namedTensors.filter { $0.role == role }.map(\.tensor) }

  /// Zeros in the shapes of the parameters.
  func zeros() -> [Tensor] { tensors(.parameter).map { .zeros($0.shape) } }
}

extension Optimizer {
  /// Calls `change` for each parameter with its gradient and its index, in order, and gives buffers their new values.
  ///
  /// - Parameter parameterCount: of the model that the optimizer was made for.
  func forEachParameter<Model: Parameterized>(
    of model: inout Model, along gradient: Model, parameterCount: Int,
    _ change: (
      _ index: Int, _ parameter: UnsafeMutableBufferPointer<Float>, _ gradient: UnsafeBufferPointer<Float>
    ) -> Void
  ) {
    let gradients = gradient.tensors(.parameter)
    guard gradients.count == parameterCount else {
      fatalError(
        "\(Self.self): was made for a model of \(parameterCount) parameter tensors, not of \(gradients.count)"
      )
    }
    withoutActuallyEscaping(change) { change in
      var updating = Updating(gradients: gradients, buffers: gradient.tensors(.buffer), change: change)
      model.visitParameters(&updating)
    }
  }
}

private struct Updating: ParameterVisitor {
  let gradients: [Tensor]
  let buffers: [Tensor]
  let change: (Int, UnsafeMutableBufferPointer<Float>, UnsafeBufferPointer<Float>) -> Void
  var parameterIndex = 0
  var bufferIndex = 0
  var path: [String] = []

  mutating func visit(tensor: inout Tensor, named name: String, role: ParameterRole) {
    switch role {
    case .parameter:
      let gradient = gradients[parameterIndex]
      guard gradient.shape == tensor.shape else {
        fatalError("Optimizer: \(name) is \(tensor.shape), but its gradient \(gradient.shape)")
      }
      tensor.withUnsafeMutableBufferPointer { parameter in
        gradient.withUnsafeBufferPointer { change(parameterIndex, parameter, $0) }
      }
      parameterIndex += 1
    case .buffer:
      tensor = buffers[bufferIndex]
      bufferIndex += 1
    }
  }
}
