/// A value made of tensors that can be trained, saved and loaded: a layer, a model, a tensor, an array of these.
///
/// One explicit method serves loading, saving, optimising, counting and printing, and writes the names that PyTorch's
/// `state_dict` has:
///
/// ```swift
/// mutating func visitParameters(_ visitor: inout some ParameterVisitor) {
///   visitor.visit("weight", &weight)
///   visitor.visit("bias", &bias)
/// }
/// ```
public protocol Parameterized {
  /// Shows every tensor and every child to `visitor`, always in the same order.
  mutating func visitParameters(_ visitor: inout some ParameterVisitor)
}

/// What a tensor of a layer is for.
public enum ParameterRole: Hashable, Sendable {
  /// Trained.
  case parameter
  /// Saved, but changed by the layer itself: running statistics.
  case buffer
}

/// Sees the tensors of a model one after the other, and may replace them.
public protocol ParameterVisitor {
  /// The names of the children that lead to the tensor at hand; `visit` keeps it.
  var path: [String] { get set }

  /// Called for each tensor; `name` is its whole path, `features.0.weight`.
  mutating func visit(tensor: inout Tensor, named name: String, role: ParameterRole)

  /// Called before the tensors of a child.
  mutating func enter(_ child: some Parameterized, named name: String)

  /// Called after the tensors of a child.
  mutating func leave()

  /// Called for the switch of layers that behave differently in training.
  mutating func visit(isTraining: inout Bool)
}

extension ParameterVisitor {
  public mutating func enter(_ child: some Parameterized, named name: String) {}
  public mutating func leave() {}
  public mutating func visit(isTraining: inout Bool) {}

  /// Shows a tensor of a layer.
  public mutating func visit(_ name: String, _ tensor: inout Tensor, role: ParameterRole = .parameter) {
    visit(tensor: &tensor, named: (path + [name]).filter { !$0.isEmpty }.joined(separator: "."), role: role)
  }

  /// Shows a tensor that the layer may lack, as `bias`.
  public mutating func visit(_ name: String, _ tensor: inout Tensor?, role: ParameterRole = .parameter) {
    guard var present = tensor else { return }
    // So that the visitor holds the only reference and can change the elements in place.
    tensor = nil
    visit(name, &present, role: role)
    tensor = present
  }

  /// Shows a child and everything in it.
  public mutating func visit(_ name: String, _ child: inout some Parameterized) {
    path.append(name)
    enter(child, named: name)
    child.visitParameters(&self)
    leave()
    path.removeLast()
  }
}

extension Tensor: Parameterized {
  public mutating func visitParameters(_ visitor: inout some ParameterVisitor) { visitor.visit("", &self) }
}

extension Array: Parameterized where Element: Parameterized {
  public mutating func visitParameters(_ visitor: inout some ParameterVisitor) {
    for index in indices { visitor.visit(String(index), &self[index]) }
  }
}
