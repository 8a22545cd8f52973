import KakudaiTensors

extension Graph {
  /// Lets the tiles of each convolution end where the rows that they read end, when these come a tile at a time.
  ///
  /// Of some rows of the input, a convolution that reaches r rows down can compute all but the last r. Were its tiles to begin at the
  /// picture's first row, as those of the convolution before, the next tile would wait for nearly as many rows more as it has, in
  /// every layer.
  mutating func alignTiles() {
    // The last rows that a value lacks when some of the input's are there.
    var lacking = [Int](repeating: 0, count: values.count)
    for index in values.indices {
      guard case .result(let operation, let inputs) = values[index].origin else { continue }
      lacking[index] = inputs.reduce(0) { max($0, lacking[$1]) }
      guard var convolution = operation as? FusedConvolution else { continue }
      lacking[index] = convolution.rowsBelow.map { $0 + lacking[inputs[0]] } ?? 0
      convolution.geometry.tileLead = max(0, lacking[index])
      values[index].origin = .result(convolution, inputs: inputs)
    }
  }
}

extension FusedConvolution {
  /// How far down it reaches beyond the row that it computes; `nil` where it changes the number of rows by a factor.
  fileprivate var rowsBelow: Int? {
    let axis = geometry.vertical
    guard direction == .convolution, axis.stride == 1 else { return nil }
    return axis.dilation * (weight.shape[2] - 1) - axis.paddingBefore
  }
}
