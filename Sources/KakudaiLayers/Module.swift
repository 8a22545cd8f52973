public import KakudaiTensors

/// A layer or a network: a value that computes one tensor from another.
///
/// A module is a struct, so that a model can be copied, sent to other tasks and trained without shared state. Printing one
/// shows its tree of layers as PyTorch does.
public protocol Module: Parameterized, Sendable, CustomStringConvertible {
  /// Computes the output for `input`, usually pictures `(N, C, H, W)`.
  func callAsFunction(_ input: Tensor) -> Tensor

  /// What stands between the parentheses when the layer is printed; PyTorch's spelling.
  var printedAttributes: String { get }
}

extension Module {
  public var printedAttributes: String { "" }

  /// Switches the layers that behave differently in training (dropout, batch normalisation); they begin in training, as in
  /// PyTorch.
  public mutating func setTraining(_ isTraining: Bool) {
    var visitor = TrainingSwitch(isTraining: isTraining)
    visitParameters(&visitor)
  }

  /// The number of trained numbers.
  public var parameterCount: Int {
    namedTensors.reduce(0) { $0 + ($1.role == .parameter ? $1.tensor.shape.elementCount : 0) }
  }
}

extension Parameterized {
  /// Every parameter and buffer with its name, in the order of PyTorch's `state_dict`.
  public var namedTensors: [(name: String, tensor: Tensor, role: ParameterRole)] {
    var copy = self
    var visitor = TensorList()
    copy.visitParameters(&visitor)
    return visitor.tensors
  }
}

private struct TrainingSwitch: ParameterVisitor {
  let isTraining: Bool
  var path: [String] = []
  mutating func visit(tensor: inout Tensor, named name: String, role: ParameterRole) {}
  mutating func visit(isTraining: inout Bool) { isTraining = self.isTraining }
}

private struct TensorList: ParameterVisitor {
  var tensors: [(name: String, tensor: Tensor, role: ParameterRole)] = []
  var path: [String] = []
  mutating func visit(tensor: inout Tensor, named name: String, role: ParameterRole) {
    tensors.append((name, tensor, role))
  }
}
