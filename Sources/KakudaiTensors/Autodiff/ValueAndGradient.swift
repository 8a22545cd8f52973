/// Computes a loss and its derivative by every parameter of a model.
///
/// ```swift
/// let (loss, gradient) = valueAndGradient(of: model) { model in mse(model(input), target) }
/// optimizer.update(&model, along: gradient)
/// ```
///
/// - Parameters:
///   - model: a model, a layer, a tensor, or an array of these.
///   - loss: gives a tensor of one element; what it computes from the model it is given is recorded.
/// - Returns: the loss, and a value of the model's own type that holds the derivative in place of each parameter (zeros where
///   the loss does not depend on it) and the new value in place of each buffer.
public func valueAndGradient<Model: Parameterized, Failure: Error>(
  of model: Model, _ loss: (Model) throws(Failure) -> Tensor
) throws(Failure) -> (value: Float, gradient: Model) {
  let tape = Tape()
  var traced = model
  var tracing = Tracing(tape: tape)
  traced.visitParameters(&tracing)
  let value = try loss(traced)
  guard value.shape.elementCount == 1 else {
    fatalError("valueAndGradient(of:): the loss must have one element, but its shape is \(value.shape)")
  }
  var collecting = Collecting(tape: tape, gradients: value.node.map { tape.gradients(of: $0) } ?? [:])
  traced.visitParameters(&collecting)
  return (value.item, traced)
}

/// Replaces every tensor by a leaf of the tape.
private struct Tracing: ParameterVisitor {
  let tape: Tape
  var path: [String] = []

  mutating func visit(tensor: inout Tensor, named name: String, role: ParameterRole) {
    tensor = tape.leaf(tensor, wantsGradient: role == .parameter)
  }
}

/// Replaces every leaf by its gradient, or by its new value.
private struct Collecting: ParameterVisitor {
  let tape: Tape
  let gradients: [Int: Tensor]
  var path: [String] = []

  mutating func visit(tensor: inout Tensor, named name: String, role: ParameterRole) {
    guard let node = tensor.node else {
      fatalError("valueAndGradient(of:): \(name) was not visited the first time")
    }
    switch role {
    case .parameter: tensor = gradients[node.index] ?? Tensor(repeating: 0, shape: tensor.shape)
    case .buffer: tensor = tape.update(of: node) ?? tensor.unrecorded
    }
  }
}
