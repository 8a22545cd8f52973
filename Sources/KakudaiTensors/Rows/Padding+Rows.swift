extension Padding: RowOperation {
  package func rowKernel(_ inputs: [RowInput], shape: Shape) -> (any RowKernel)? {
    let input = inputs[0].shape
    let sources = sources(input, shape)
    let spatial = Array(sources.suffix(2))
    // The end of a picture that wraps around is needed first.
    guard mode != .circular || spatial[0] == Array(0..<input[-2]) else { return nil }
    return PaddingRows(
      channels: sources[input.rank - 3], rows: MappedAxis(spatial[0]), columns: MappedAxis(spatial[1]), value: value)
  }
}

/// Where the samples of an axis come from: −1 for a constant.
private struct MappedAxis: Sendable {
  let sources: [Int]
  /// The first sample that this output or a later one needs, and the end of what this or an earlier one needs.
  private let starts: [Int]
  private let ends: [Int]

  init(_ sources: [Int]) {
    self.sources = sources
    var (starts, ends) = (sources, sources)
    var (end, start) = (0, sources.max().map { $0 + 1 } ?? 0)
    for index in sources.indices {
      if sources[index] >= 0 { end = max(end, sources[index] + 1) }
      ends[index] = end
    }
    for index in sources.indices.reversed() {
      if sources[index] >= 0 { start = min(start, sources[index]) }
      starts[index] = start
    }
    (self.starts, self.ends) = (starts, ends)
  }

  func needed(_ range: Range<Int>) -> Range<Int> {
    guard let last = range.last else { return 0..<0 }
    return min(starts[range.lowerBound], ends[last])..<ends[last]
  }
}

private struct PaddingRows: RowKernel {
  let channels: [Int]
  let rows: MappedAxis
  let columns: MappedAxis
  let value: Float

  func inputRows(_ index: Int, for rows: Range<Int>) -> Range<Int> { self.rows.needed(rows) }
  func inputColumns(_ index: Int, for columns: Range<Int>) -> Range<Int> { self.columns.needed(columns) }

  func compute(
    rows: Range<Int>, columns: Range<Int>, from inputs: [RowWindow], to output: RowWindow, _ scratch: (any RowScratch)?
  ) {
    for (channel, from) in channels.enumerated() {
      for y in rows {
        let target = output.row(y, channel: channel)
        let row = self.rows.sources[y]
        guard from >= 0, row >= 0 else {
          (target + columns.lowerBound).update(repeating: value, count: columns.count)
          continue
        }
        let source = inputs[0].row(row, channel: from)
        for x in columns {
          let column = self.columns.sources[x]
          target[x] = column < 0 ? value : source[column]
        }
      }
    }
  }
}
