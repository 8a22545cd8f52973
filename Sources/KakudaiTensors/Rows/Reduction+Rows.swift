extension Reduction: RowOperation {
  /// Sums and means over the channels need no other pixel; others need the whole picture.
  package func rowKernel(_ inputs: [RowInput], shape: Shape) -> (any RowKernel)? {
    let input = inputs[0].shape
    guard keepsAxes, kind == .sum || kind == .mean, let axes, axes.count == 1,
      (axes[0] < 0 ? axes[0] : axes[0] - input.rank) == -3
    else { return nil }
    return ChannelReductionRows(channels: input[-3], divisor: kind == .mean ? Double(input[-3]) : 1)
  }
}

private struct ChannelReductionRows: RowKernel {
  let channels: Int
  let divisor: Double

  func compute(
    rows: Range<Int>, columns: Range<Int>, from inputs: [RowWindow], to output: RowWindow, _ scratch: (any RowScratch)?
  ) {
    for y in rows {
      let target = output.row(y, channel: 0)
      for x in columns {
        var sum = 0.0
        for channel in 0..<channels { sum += Double(inputs[0].row(y, channel: channel)[x]) }
        target[x] = Float(sum / divisor)
      }
    }
  }
}
