public import KakudaiTensors

extension Parameterized {
  /// Scales a gradient down where its norm over all parameters, √Σg², exceeds `limit`; NaN stays (PyTorch's
  /// `clip_grad_norm_`).
  ///
  /// - Returns: the norm before.
  @discardableResult
  public mutating func clipNorm(to limit: Float) -> Float {
    var norm = SquaredNorm()
    visitParameters(&norm)
    let length = Float(norm.sum.squareRoot())
    guard length > limit else { return length }
    var scaling = Scaling(factor: limit / (length + 1e-6))
    visitParameters(&scaling)
    return length
  }
}

private struct SquaredNorm: ParameterVisitor {
  var sum = 0.0
  var path: [String] = []

  mutating func visit(tensor: inout Tensor, named name: String, role: ParameterRole) {
    guard role == .parameter else { return }
    sum += tensor.squaredNorm
  }
}

private struct Scaling: ParameterVisitor {
  let factor: Float
  var path: [String] = []

  mutating func visit(tensor: inout Tensor, named name: String, role: ParameterRole) {
    if role == .parameter { tensor *= factor }
  }
}
