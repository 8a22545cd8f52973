extension Pooling: RowOperation {
  package func rowKernel(_ inputs: [RowInput], shape: Shape) -> (any RowKernel)? {
    PoolingRows(
      pooling: self, size: PerAxis(height: inputs[0].shape[-2], width: inputs[0].shape[-1]), channels: shape[-3])
  }
}

private struct PoolingRows: RowKernel {
  let pooling: Pooling
  /// Of the input.
  let size: PerAxis
  let channels: Int

  func inputRows(_ index: Int, for rows: Range<Int>) -> Range<Int> {
    pooling.vertical.needed(rows, length: size.height)
  }

  func inputColumns(_ index: Int, for columns: Range<Int>) -> Range<Int> {
    pooling.horizontal.needed(columns, length: size.width)
  }

  func compute(
    rows: Range<Int>, columns: Range<Int>, from inputs: [RowWindow], to output: RowWindow, _ scratch: (any RowScratch)?
  ) {
    for channel in 0..<channels {
      for y in rows {
        let windowRows = pooling.vertical.window(y, length: size.height)
        let target = output.row(y, channel: channel)
        for x in columns {
          let windowColumns = pooling.horizontal.window(x, length: size.width)
          var (largest, sum, isFirst) = (Float(0), 0.0, true)
          for row in windowRows {
            let source = inputs[0].row(row, channel: channel)
            for column in windowColumns {
              let value = source[column]
              if pooling.kind == .maximum {
                if isFirst || value > largest || value.isNaN { largest = value }
              } else {
                sum += Double(value)
              }
              isFirst = false
            }
          }
          target[x] =
            pooling.kind == .maximum
            ? largest : Float(sum / Double(pooling.divisor(y, x, windowRows, windowColumns, size: size)))
        }
      }
    }
  }
}

extension PoolingAxis {
  /// The samples that some windows see.
  fileprivate func needed(_ windows: Range<Int>, length: Int) -> Range<Int> {
    let start = windows.lowerBound * stride - padding
    let end = (windows.upperBound - 1) * stride - padding + dilation * (kernel - 1) + 1
    return min(max(start, 0), length)..<min(max(end, 0), length)
  }
}
