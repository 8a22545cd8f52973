import KakudaiTensors

/// The operations of a recording, made ready to run: rewritten, folded, and without those that nothing depends on.
struct Graph: Sendable {
  var values: [Recording.Value] = []
  var output = 0

  init(_ recording: Recording) {
    var places: [Int] = []
    for value in recording.values { places.append(append(value, places)) }
    output = places[recording.output]
    fuseIntoConvolutions()
    removeUnused()
    alignTiles()
  }

  /// Adds what computes `value` of the recording; `places` says where its inputs stand.
  private mutating func append(_ value: Recording.Value, _ places: [Int]) -> Int {
    guard case .result(let operation, let recorded) = value.origin else {
      values.append(value)
      return values.count - 1
    }
    let inputs = recorded.map { places[$0] }
    if let convolution = FusedConvolution(operation, constants: inputs.map { constant($0) }) {
      return append(convolution, inputs: [inputs[0]], shape: value.shape)
    }
    let input = values[inputs[0]].shape
    if let normalization = PictureNormalization(operation, constants: inputs.map { constant($0) }, input: input) {
      return append(normalization, inputs: [inputs[0]], shape: value.shape)
    }
    if let moment = PictureMoment(operation, input: input, shape: value.shape) {
      return append(moment, inputs: [inputs[0]], shape: value.shape)
    }
    if let interpolation = operation as? Interpolation, value.shape.rank == 4 {
      var place = inputs[0]
      for axis in interpolation.axes(from: values[place].shape, to: value.shape) {
        let shape = stopping { () throws(ShapeError) in try axis.outputShape(of: [values[place].shape]) }
        place = append(axis, inputs: [place], shape: shape)
      }
      return place
    }
    return append(operation, inputs: inputs, shape: value.shape)
  }

  private mutating func append(_ operation: any KakudaiTensors.Operation, inputs: [Int], shape: Shape) -> Int {
    values.append(Recording.Value(origin: .result(operation, inputs: inputs), shape: shape))
    return values.count - 1
  }

  func constant(_ index: Int) -> Tensor? {
    if case .constant(let tensor) = values[index].origin { tensor } else { nil }
  }

  func operation(_ index: Int) -> (any KakudaiTensors.Operation)? {
    if case .result(let operation, _) = values[index].origin { operation } else { nil }
  }

  func inputs(_ index: Int) -> [Int] {
    if case .result(_, let inputs) = values[index].origin { inputs } else { [] }
  }

  /// Drops what the output does not depend on, but for the input.
  mutating func removeUnused() {
    var isUsed = [Bool](repeating: false, count: values.count)
    (isUsed[0], isUsed[output]) = (true, true)
    for index in values.indices.reversed() where isUsed[index] { for input in inputs(index) { isUsed[input] = true } }
    var places = [Int](repeating: -1, count: values.count)
    var kept: [Recording.Value] = []
    for index in values.indices where isUsed[index] {
      var value = values[index]
      if case .result(let operation, let inputs) = value.origin {
        value.origin = .result(operation, inputs: inputs.map { places[$0] })
      }
      places[index] = kept.count
      kept.append(value)
    }
    (values, output) = (kept, places[output])
  }
}
