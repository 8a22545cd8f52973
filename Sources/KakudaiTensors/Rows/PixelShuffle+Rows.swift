extension PixelShuffling: RowOperation {
  package func rowKernel(_ inputs: [RowInput], shape: Shape) -> (any RowKernel)? {
    PixelShufflingRows(factor: factor, isInverse: isInverse, channels: shape[-3])
  }
}

private struct PixelShufflingRows: RowKernel {
  let factor: Int
  let isInverse: Bool
  /// Of the output.
  let channels: Int

  func inputRows(_ index: Int, for rows: Range<Int>) -> Range<Int> { needed(rows) }
  func inputColumns(_ index: Int, for columns: Range<Int>) -> Range<Int> { needed(columns) }

  private func needed(_ range: Range<Int>) -> Range<Int> {
    isInverse
      ? range.lowerBound * factor..<range.upperBound * factor
      : range.lowerBound / factor..<(range.upperBound + factor - 1) / factor
  }

  func compute(
    rows: Range<Int>, columns: Range<Int>, from inputs: [RowWindow], to output: RowWindow, _ scratch: (any RowScratch)?
  ) {
    let square = factor * factor
    for channel in 0..<channels {
      for y in rows {
        let target = output.row(y, channel: channel)
        if isInverse {
          let (source, phase) = channel.quotientAndRemainder(dividingBy: square)
          let wide = inputs[0].row(y * factor + phase / factor, channel: source) + phase % factor
          for x in columns { target[x] = wide[x * factor] }
        } else {
          let (row, phase) = y.quotientAndRemainder(dividingBy: factor)
          for column in 0..<factor {
            let narrow = inputs[0].row(row, channel: channel * square + phase * factor + column)
            // The first output of this phase within the columns.
            var x = columns.lowerBound + (column - columns.lowerBound % factor + factor) % factor
            while x < columns.upperBound {
              target[x] = narrow[x / factor]
              x += factor
            }
          }
        }
      }
    }
  }
}
