package import KakudaiTensors

extension Plan {
  /// Computes operation by operation; values are freed after their last use.
  package func computedWhole(_ picture: Tensor) -> Tensor {
    let lastUses = lastUses
    var values = [Tensor?](repeating: nil, count: graph.values.count)
    for (index, value) in graph.values.enumerated() {
      switch value.origin {
      case .input: values[index] = picture.unrecorded
      case .constant(let tensor): values[index] = tensor
      case .result(let operation, let inputs):
        values[index] = operation.value(of: inputs.map { values[$0]! }, shape: value.shape)
        for input in inputs where lastUses[input] == index { values[input] = nil }
      }
    }
    return values[graph.output]!
  }

  /// The bytes of the values that are alive at the same time, at most.
  var wholeMemory: Int {
    let lastUses = lastUses
    var (alive, most) = (0, 0)
    for (index, value) in graph.values.enumerated() {
      alive += 4 * value.shape.elementCount
      most = max(most, alive)
      for input in Set(graph.inputs(index)) where lastUses[input] == index && input != graph.output {
        alive -= 4 * graph.values[input].shape.elementCount
      }
    }
    return most
  }

  /// Whether all values together stay in the cache, so that nothing is gained by rows.
  var fitsCache: Bool { graph.values.indices.reduce(0) { $0 + (graph.constant($1) == nil ? bytes($1) : 0) } < 1 << 20 }

  private func bytes(_ index: Int) -> Int { 4 * graph.values[index].shape.elementCount }

  private var lastUses: [Int] {
    var lastUses = [Int](repeating: -1, count: graph.values.count)
    for index in graph.values.indices { for input in graph.inputs(index) { lastUses[input] = index } }
    lastUses[graph.output] = graph.values.count
    return lastUses
  }
}
