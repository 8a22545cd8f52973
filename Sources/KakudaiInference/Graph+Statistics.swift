import KakudaiTensors

/// Operations that depend on the whole picture by statistics alone become others when these are known.
extension Graph {
  /// The value of which the first such operation needs the statistics.
  var firstPicture: Int? {
    values.indices.first { operation($0) is any PictureOperation }.map { inputs($0)[0] }
  }

  /// What computes a value, and nothing else.
  func ending(at index: Int) -> Graph {
    var result = self
    result.output = index
    // The picture itself passes through one stage, as every output does.
    if index == 0 {
      let channels = values[0].shape[-3]
      result.values.append(
        Recording.Value(
          origin: .result(Slicing(axis: -3, range: 0..<channels), inputs: [0]), shape: values[0].shape))
      result.output = result.values.count - 1
    }
    result.removeUnused()
    return result
  }

  /// Puts what operations on a value are with its statistics in their places, and computes what has become constant by that.
  mutating func resolve(_ picture: Int, _ statistics: PictureStatistics) {
    for index in values.indices where inputs(index).first == picture {
      guard let operation = operation(index) as? any PictureOperation else { continue }
      values[index].origin = operation.origin(statistics, input: picture, shape: values[index].shape)
    }
    for index in values.indices {
      guard case .result(let operation, let inputs) = values[index].origin else { continue }
      let constants = inputs.compactMap { constant($0) }
      if constants.count == inputs.count {
        values[index].origin = .constant(operation.value(of: constants, shape: values[index].shape))
      }
    }
  }
}
