import CKakudaiKernels

/// The rows of the input that a range of output positions needs, copied once with their zero padding.
///
/// Every channel holds, for each vertical input phase and each of `columnPlanes`, a plane of rows of `columns` floats. A tap is
/// then one offset from the start of a channel, the same for all positions: position `(t, u)` of the range reads
/// `tapOffset + t·columns + u`.
struct CorrelationBand {
  /// What a plane holds: sample `u + firstOffset` of an input phase stands in column `u`.
  private struct ColumnPlane: Hashable {
    var inputPhase: Int
    var firstOffset: Int
  }

  let vertical: AxisPhases
  let horizontal: AxisPhases
  /// Floats in one row.
  let columns: Int
  /// Positions of the vertical axis that the band can hold.
  let positions: Int
  let channels: Int
  private let columnPlanes: [ColumnPlane]
  let isCompact: Bool

  /// - Parameter isCompact: Whether each horizontal tap has planes of its own, whose rows are as long as there are positions
  ///   and so join without gaps; else taps share the plane of their input phase, whose rows are longer.
  init(vertical: AxisPhases, horizontal: AxisPhases, positions: Int, channels: Int, isCompact: Bool = false) {
    self.vertical = vertical
    self.horizontal = horizontal
    self.positions = positions
    self.channels = channels
    self.isCompact = isCompact
    if isCompact {
      var planes: [ColumnPlane] = []
      for tap in horizontal.phases.joined() {
        let plane = ColumnPlane(inputPhase: tap.inputPhase, firstOffset: tap.offset)
        if !planes.contains(plane) { planes.append(plane) }
      }
      columnPlanes = planes
    } else {
      columnPlanes = horizontal.inputPhases.map {
        ColumnPlane(inputPhase: $0, firstOffset: horizontal.smallestOffset)
      }
    }
    columns = horizontal.positions + (isCompact ? 0 : horizontal.reach)
  }

  /// Whether rows follow each other without gaps.
  var isContiguous: Bool { columns == horizontal.positions }

  private var plane: Int { (positions + vertical.reach) * columns }

  /// Floats of one channel for each of its rows.
  var floatsPerRow: Int { max(1, vertical.inputPhases.count * columnPlanes.count) * columns }

  /// An odd number of cache lines, so that the channels of one pixel do not all fall into the same cache set.
  var channelStride: Int {
    let lines = (vertical.inputPhases.count * columnPlanes.count * plane + 15) / 16
    return (lines | 1) * 16
  }

  /// Floats of memory; kernels also read past the end, as buffers allow.
  var size: Int { channels * channelStride }

  func tapOffset(_ row: AxisPhases.Tap, _ column: AxisPhases.Tap) -> Int {
    let rowPhase = vertical.inputPhases.firstIndex(of: row.inputPhase) ?? 0
    let columnPlane =
      columnPlanes.firstIndex {
        $0.inputPhase == column.inputPhase && (!isCompact || $0.firstOffset == column.offset)
      } ?? 0
    return (rowPhase * columnPlanes.count + columnPlane) * plane + (row.offset - vertical.smallestOffset) * columns
      + column.offset - columnPlanes[columnPlane].firstOffset
  }

  /// Copies what the vertical positions `range` need from the first `channels` channels of `input`.
  func fill(
    _ memory: UnsafeMutablePointer<Float>, from input: RowWindow, positions range: Range<Int>,
    kernels: ck_convolution_kernels
  ) {
    let firstRow = range.lowerBound + vertical.smallestOffset
    let rowCount = range.count + vertical.reach
    for channel in 0..<channels {
      for (rowPhaseIndex, rowPhase) in vertical.inputPhases.enumerated() {
        let planes = memory + channel * channelStride + rowPhaseIndex * columnPlanes.count * plane
        for row in 0..<rowCount {
          let y = (firstRow + row) * vertical.readStride + rowPhase
          for (index, columnPlane) in columnPlanes.enumerated() {
            let target = planes + index * plane + row * columns
            if y >= 0 && y < vertical.inputLength {
              copyRow(input.row(y, channel: channel), columnPlane, to: target, kernels)
            } else {
              target.update(repeating: 0, count: columns)
            }
          }
        }
      }
    }
  }

  /// One row of one plane, zeros where it reaches beyond the input.
  private func copyRow(
    _ source: UnsafePointer<Float>, _ plane: ColumnPlane, to target: UnsafeMutablePointer<Float>,
    _ kernels: ck_convolution_kernels
  ) {
    let stride = horizontal.readStride
    let first = plane.firstOffset
    // Samples of this phase in the input: phase + stride·index for index in 0 ..< count.
    let count = max(0, (horizontal.inputLength - plane.inputPhase + stride - 1) / stride)
    let from = min(max(first, 0), count)
    let to = max(from, min(first + columns, count))
    let leading = min(max(-first, 0), columns)
    guard to > from else {
      target.update(repeating: 0, count: columns)
      return
    }
    target.update(repeating: 0, count: leading)
    kernels.decimate(source + plane.inputPhase + from * stride, stride, target + leading, to - from)
    let filled = leading + to - from
    (target + filled).update(repeating: 0, count: columns - filled)
  }
}
