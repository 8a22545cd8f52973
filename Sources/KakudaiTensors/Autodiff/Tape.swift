import CKakudaiKernels
import Synchronization

/// A list of operations in the order they were computed, with the indices of their inputs.
///
/// A list, not closures chained to their parents: it is walked and freed without recursion, and can be inspected.
package final class Tape: Sendable {
  /// The place of a recorded value.
  package struct Node: Sendable {
    let tape: Tape
    let index: Int
  }

  private struct Entry {
    /// `nil` for leaves: parameters, buffers and constants.
    var operation: (any Operation)?
    var inputs: [Int]
    var value: Tensor
    /// Whether a parameter stands behind it.
    var wantsGradient: Bool
  }

  private struct State {
    var entries: [Entry] = []
    var isFinished = false
    /// New values of buffers, by the index of their leaf.
    var updates: [Int: Tensor] = [:]
  }

  private let state = Mutex(State())

  /// Whether results have no elements: what is recorded is planned, and computed later.
  let recordsShapesOnly: Bool

  init(recordsShapesOnly: Bool = false) { self.recordsShapesOnly = recordsShapesOnly }

  /// The tape that records these inputs, if one does.
  static func common(to inputs: [Tensor], of operation: String) -> Tape? {
    var common: Tape?
    for case let node? in inputs.map(\.node) {
      guard common == nil || common === node.tape else {
        fatalError("\(operation): its inputs belong to two different calls of valueAndGradient(of:)")
      }
      common = node.tape
    }
    return common
  }

  /// Makes `value` an input of what is recorded.
  func leaf(_ value: Tensor, wantsGradient: Bool) -> Tensor {
    guard value.node == nil else {
      fatalError("valueAndGradient(of:) cannot differentiate what another valueAndGradient(of:) is differentiating")
    }
    return state.withLock { state in
      state.entries.append(Entry(operation: nil, inputs: [], value: value, wantsGradient: wantsGradient))
      return Tensor(shape: value.shape, storage: value.storage, node: Node(tape: self, index: state.entries.count - 1))
    }
  }

  func record(_ operation: any Operation, inputs: [Tensor], output: Tensor) -> Tensor {
    state.withLock { state in
      guard !state.isFinished else {
        fatalError("\(type(of: operation).name): an input was kept from a valueAndGradient(of:) that has returned")
      }
      let indices = inputs.map { input in
        if let node = input.node { return node.index }
        state.entries.append(Entry(operation: nil, inputs: [], value: input, wantsGradient: false))
        return state.entries.count - 1
      }
      let wantsGradient = indices.contains { state.entries[$0].wantsGradient }
      state.entries.append(
        Entry(operation: operation, inputs: indices, value: output, wantsGradient: wantsGradient))
      return Tensor(
        shape: output.shape, storage: output.storage, node: Node(tape: self, index: state.entries.count - 1))
    }
  }

  /// All that was recorded, with the index of `result`, and empties the tape.
  func recording(of result: Tensor) -> (values: [Recording.Value], output: Int) {
    state.withLock { state in
      var values = state.entries.enumerated().map { index, entry in
        let origin: Recording.Origin =
          if let operation = entry.operation {
            .result(operation, inputs: entry.inputs)
          } else {
            index == 0 ? .input : .constant(entry.value)
          }
        return Recording.Value(origin: origin, shape: entry.value.shape)
      }
      (state.entries, state.isFinished) = ([], true)
      if let node = result.node { return (values, node.index) }
      values.append(Recording.Value(origin: .constant(result), shape: result.shape))
      return (values, values.count - 1)
    }
  }

  /// Notes what a buffer (a running mean) becomes when the step is taken.
  func update(_ node: Node, to value: Tensor) {
    state.withLock { $0.updates[node.index] = value.unrecorded }
  }

  /// The new value of the buffer at `node`, if it was updated.
  func update(of node: Node) -> Tensor? { state.withLock { $0.updates[node.index] } }

  /// The derivatives of `loss`, a value of one element, by the leaves, and empties the tape; values are freed on the way.
  func gradients(of loss: Node) -> [Int: Tensor] {
    var entries = state.withLock { state in
      let entries = state.entries
      state.entries = []
      state.isFinished = true
      return entries
    }
    var cotangents = [Tensor?](repeating: nil, count: entries.count)
    var gradients: [Int: Tensor] = [:]
    cotangents[loss.index] = Tensor(repeating: 1, shape: entries[loss.index].value.shape)
    entries.removeSubrange((loss.index + 1)...)
    while let entry = entries.popLast() {
      guard entry.wantsGradient, let cotangent = cotangents[entries.count].take() else { continue }
      guard let operation = entry.operation else {
        gradients[entries.count] = cotangent
        continue
      }
      let context = GradientContext(
        inputs: entry.inputs.map { entries[$0].value }, output: entry.value, cotangent: cotangent,
        wanted: entry.inputs.map { entries[$0].wantsGradient })
      for (input, gradient) in zip(entry.inputs, operation.gradients(context)) {
        guard let gradient, entries[input].wantsGradient else { continue }
        assert(
          gradient.shape == entries[input].value.shape,
          "\(type(of: operation).name): gradient of shape \(gradient.shape)")
        if cotangents[input] == nil {
          cotangents[input] = gradient
        } else {
          cotangents[input]!.accumulate(gradient)
        }
      }
    }
    return gradients
  }
}

extension Tensor {
  /// Adds elementwise, in place where nobody else holds the elements.
  mutating func accumulate(_ other: Tensor) {
    let combine = Kernels.current.pointwise.combine!
    withUnsafeMutableBufferPointer { sums in
      other.withUnsafeBufferPointer { terms in
        Parallel.forEach(sums.count, minimumPerThread: elementsPerThread) { range in
          let target = sums.baseAddress! + range.lowerBound
          combine(CK_ADD, target, 1, terms.baseAddress! + range.lowerBound, 1, target, range.count)
        }
      }
    }
  }

  /// Notes that this buffer of a layer becomes `value` when the training step is taken; outside a step, nothing.
  package func becomes(_ value: Tensor) {
    node.map { $0.tape.update($0, to: value) }
  }
}
