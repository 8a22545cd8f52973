extension Slicing: RowOperation {
  package func rowKernel(_ inputs: [RowInput], shape: Shape) -> (any RowKernel)? {
    let fromEnd = (axis < 0 ? axis : axis - shape.rank)
    guard fromEnd >= -3, !range.isEmpty else { return nil }
    func start(_ axis: Int) -> Int { axis == fromEnd ? range.lowerBound : 0 }
    return SlicingRows(channels: shape[-3], start: (start(-3), start(-2), start(-1)))
  }
}

private struct SlicingRows: RowKernel {
  let channels: Int
  let start: (channel: Int, row: Int, column: Int)

  func inputRows(_ index: Int, for rows: Range<Int>) -> Range<Int> {
    rows.lowerBound + start.row..<rows.upperBound + start.row
  }

  func inputColumns(_ index: Int, for columns: Range<Int>) -> Range<Int> {
    columns.lowerBound + start.column..<columns.upperBound + start.column
  }

  func compute(
    rows: Range<Int>, columns: Range<Int>, from inputs: [RowWindow], to output: RowWindow, _ scratch: (any RowScratch)?
  ) {
    for channel in 0..<channels {
      for y in rows {
        let source = inputs[0].row(y + start.row, channel: channel + start.channel) + start.column
        (output.row(y, channel: channel) + columns.lowerBound).update(
          from: source + columns.lowerBound, count: columns.count)
      }
    }
  }
}

extension Concatenation: RowOperation {
  package func rowKernel(_ inputs: [RowInput], shape: Shape) -> (any RowKernel)? {
    // Along other axes than that of the channels, what flows by would have to wait for what stands before it.
    guard (axis < 0 ? axis : axis - shape.rank) == -3 else { return nil }
    return ConcatenationRows(
      parts: inputs.map { ConcatenationRows.Part(channels: $0.shape[-3], constant: $0.constant) })
  }
}

private struct ConcatenationRows: RowKernel {
  struct Part: Sendable {
    var channels: Int
    var constant: Tensor?
  }

  let parts: [Part]

  func compute(
    rows: Range<Int>, columns: Range<Int>, from inputs: [RowWindow], to output: RowWindow, _ scratch: (any RowScratch)?
  ) {
    var flowing = inputs.makeIterator()
    var first = 0
    for part in parts {
      let source =
        part.constant.map {
          RowWindow(planes: $0.storage.elements, height: $0.shape[-2], width: $0.shape[-1])
        } ?? flowing.next()!
      for channel in 0..<part.channels {
        for y in rows {
          (output.row(y, channel: first + channel) + columns.lowerBound).update(
            from: source.row(y, channel: channel) + columns.lowerBound, count: columns.count)
        }
      }
      first += part.channels
    }
  }
}
