/// What a function computes from one tensor, as a list of operations; recorded by shapes alone, without computing anything.
package struct Recording: Sendable {
  package enum Origin: Sendable {
    /// What the function is given.
    case input
    case constant(Tensor)
    /// The result of an operation on earlier values.
    case result(any Operation, inputs: [Int])
  }

  package struct Value: Sendable {
    package var origin: Origin
    package var shape: Shape

    package init(origin: Origin, shape: Shape) { (self.origin, self.shape) = (origin, shape) }
  }

  /// In the order of computation; the input is the first.
  package var values: [Value]
  /// The index of what the function returns.
  package var output: Int

  package init(values: [Value], output: Int) { (self.values, self.output) = (values, output) }

  /// Records `function` for an input of a shape. What it computes must not look at elements that follow from the input,
  /// which have no values here.
  package init<Failure: Error>(input: Shape, _ function: (Tensor) throws(Failure) -> Tensor) throws(Failure) {
    let tape = Tape(recordsShapesOnly: true)
    let result = try function(tape.leaf(Tensor(shape: input, storage: .nothing), wantsGradient: false))
    (values, output) = tape.recording(of: result)
  }
}

extension Storage {
  /// That of tensors that only have a shape.
  static let nothing = Storage(count: 0)
}
