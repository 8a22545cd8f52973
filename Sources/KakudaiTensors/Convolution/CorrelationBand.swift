import CKakudaiKernels

/// The rows of the input that a range of output positions needs, copied once with their zero padding.
///
/// Every channel holds, for each pair of vertical and horizontal input phases, a plane of rows of `columns` floats. A tap is
/// then one offset from the start of a channel, the same for all positions: position `(t, u)` of the range reads
/// `tapOffset + t·columns + u`.
struct CorrelationBand {
  let vertical: AxisPhases
  let horizontal: AxisPhases
  /// Floats in one row.
  let columns: Int
  /// Positions of the vertical axis that the band can hold.
  let positions: Int
  let channels: Int

  init(vertical: AxisPhases, horizontal: AxisPhases, positions: Int, channels: Int) {
    self.vertical = vertical
    self.horizontal = horizontal
    self.positions = positions
    self.channels = channels
    columns = horizontal.positions + horizontal.reach
  }

  var rows: Int { positions + vertical.reach }
  var plane: Int { rows * columns }

  /// An odd number of cache lines, so that the channels of one pixel do not all fall into the same cache set.
  var channelStride: Int {
    let lines = (vertical.inputPhases.count * horizontal.inputPhases.count * plane + 15) / 16
    return (lines | 1) * 16
  }

  /// Floats of memory; kernels also read past the end, as buffers allow.
  var size: Int { channels * channelStride }

  func tapOffset(_ row: AxisPhases.Tap, _ column: AxisPhases.Tap) -> Int {
    let rowPhase = vertical.inputPhases.firstIndex(of: row.inputPhase) ?? 0
    let columnPhase = horizontal.inputPhases.firstIndex(of: column.inputPhase) ?? 0
    return (rowPhase * horizontal.inputPhases.count + columnPhase) * plane
      + (row.offset - vertical.smallestOffset) * columns + column.offset - horizontal.smallestOffset
  }

  /// Copies what the vertical positions `range` need from `input`, whose planes of `channels` channels follow each other.
  func fill(
    _ memory: UnsafeMutablePointer<Float>, from input: UnsafePointer<Float>, positions range: Range<Int>,
    kernels: ck_convolution_kernels
  ) {
    let firstRow = vertical.firstPosition + range.lowerBound + vertical.smallestOffset
    let rowCount = range.count + vertical.reach
    let inputPlane = vertical.inputLength * horizontal.inputLength
    let columnPhases = horizontal.inputPhases
    for channel in 0..<channels {
      let source = input + channel * inputPlane
      for (rowPhaseIndex, rowPhase) in vertical.inputPhases.enumerated() {
        let phases = memory + channel * channelStride + rowPhaseIndex * columnPhases.count * plane
        for row in 0..<rowCount {
          let y = (firstRow + row) * vertical.readStride + rowPhase
          for (columnPhaseIndex, columnPhase) in columnPhases.enumerated() {
            let target = phases + columnPhaseIndex * plane + row * columns
            if y >= 0 && y < vertical.inputLength {
              copyRow(source + y * horizontal.inputLength, phase: columnPhase, to: target, kernels)
            } else {
              target.update(repeating: 0, count: columns)
            }
          }
        }
      }
    }
  }

  /// One row of one phase, zeros where it reaches beyond the input.
  private func copyRow(
    _ source: UnsafePointer<Float>, phase: Int, to target: UnsafeMutablePointer<Float>,
    _ kernels: ck_convolution_kernels
  ) {
    let stride = horizontal.readStride
    let first = horizontal.firstPosition + horizontal.smallestOffset
    // Samples of this phase in the input: phase + stride·index for index in 0 ..< count.
    let count = max(0, (horizontal.inputLength - phase + stride - 1) / stride)
    let from = min(max(first, 0), count)
    let to = max(from, min(first + columns, count))
    let leading = min(max(-first, 0), columns)
    guard to > from else {
      target.update(repeating: 0, count: columns)
      return
    }
    target.update(repeating: 0, count: leading)
    kernels.decimate(source + phase + from * stride, stride, target + leading, to - from)
    let filled = leading + to - from
    (target + filled).update(repeating: 0, count: columns - filled)
  }
}
