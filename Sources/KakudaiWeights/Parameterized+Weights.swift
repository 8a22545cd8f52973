public import KakudaiTensors

extension Parameterized {
  /// Takes the weights of a file, by the names that PyTorch's `state_dict` has.
  ///
  /// - Parameter isStrict: Whether every name of the file must be one of the model's and the other way round; shapes must
  ///   always agree.
  /// - Throws: one error that names all missing, unexpected and misshapen tensors; the model is then unchanged.
  public mutating func load(_ weights: Safetensors, isStrict: Bool = true) throws(WeightsError) {
    try load(weights.tensors, from: weights.path, isStrict: isStrict)
  }

  /// Takes weights that another reader named; `source` stands in messages.
  public mutating func load(
    _ tensors: [String: Tensor], from source: String, isStrict: Bool = true
  ) throws(WeightsError) {
    var loaded = self
    var loading = Loading(unused: tensors)
    loaded.visitParameters(&loading)
    let unexpected = loading.unused.keys.sorted()
    guard loading.misshapen.isEmpty && (!isStrict || (loading.missing.isEmpty && unexpected.isEmpty)) else {
      throw .mismatch(
        path: source, missing: loading.missing, unexpected: unexpected, misshapen: loading.misshapen)
    }
    self = loaded
  }

  /// Writes all parameters and buffers as a safetensors file.
  ///
  /// - Parameter elementType: F32, F16 or BF16.
  public func save(
    to path: String, as elementType: ElementType = .float32, metadata: [String: String] = [:]
  ) throws(WeightsError) {
    try Safetensors.write(weights, as: elementType, metadata: metadata, to: path)
  }

  /// All parameters and buffers by the names that PyTorch's `state_dict` has.
  public var weights: [String: Tensor] {
    var copy = self
    var saving = Saving()
    copy.visitParameters(&saving)
    return saving.tensors
  }
}

private struct Loading: ParameterVisitor {
  var unused: [String: Tensor]
  var missing: [String] = []
  var misshapen: [WeightsError.Misshapen] = []
  var path: [String] = []

  mutating func visit(tensor: inout Tensor, named name: String, role: ParameterRole) {
    guard let found = unused.removeValue(forKey: name) else {
      missing.append(name)
      return
    }
    guard found.shape == tensor.shape else {
      misshapen.append(.init(name: name, expected: tensor.shape, found: found.shape))
      return
    }
    tensor = found
  }
}

private struct Saving: ParameterVisitor {
  var tensors: [String: Tensor] = [:]
  var path: [String] = []

  mutating func visit(tensor: inout Tensor, named name: String, role: ParameterRole) { tensors[name] = tensor }
}
