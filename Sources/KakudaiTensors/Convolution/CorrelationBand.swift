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

  /// Planes of one channel.
  var planeCount: Int { max(1, vertical.inputPhases.count * columnPlanes.count) }

  /// Floats of one channel for each of its rows.
  var floatsPerRow: Int { planeCount * columns }

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
  ///
  /// - Parameter horizontalRange: The horizontal positions that will be computed, all unless given.
  func fill(
    _ memory: UnsafeMutablePointer<Float>, from input: RowWindow, positions range: Range<Int>,
    columns horizontalRange: Range<Int>? = nil, kernels: ck_convolution_kernels
  ) {
    let reach = columns - horizontal.positions
    let filled = horizontalRange.map { $0.lowerBound..<$0.upperBound + reach } ?? 0..<columns
    for (rowPhaseIndex, rowPhase) in vertical.inputPhases.enumerated() {
      // Rows of this phase that the picture has; those around them are zeros.
      let wanted =
        range.lowerBound + vertical.smallestOffset..<range.upperBound + vertical.smallestOffset + vertical.reach
      let present = wanted.clamped(to: 0..<samples(of: rowPhase, in: vertical))
      for (index, columnPlane) in columnPlanes.enumerated() {
        let target = memory + (rowPhaseIndex * columnPlanes.count + index) * plane
        copyRows(present, rowPhase, columnPlane, from: input, to: target, firstRow: wanted.lowerBound, filled, kernels)
        for row in wanted where !present.contains(row) {
          for channel in 0..<channels {
            (target + channel * channelStride + (row - wanted.lowerBound) * columns + filled.lowerBound).update(
              repeating: 0, count: filled.count)
          }
        }
      }
    }
  }

  /// The number of samples of an input phase.
  private func samples(of phase: Int, in axis: AxisPhases) -> Int {
    max(0, (axis.inputLength - phase + axis.readStride - 1) / axis.readStride)
  }

  /// Copies the columns `filled` of rows of one plane of all channels, zeros where they reach beyond the input.
  private func copyRows(
    _ rows: Range<Int>, _ rowPhase: Int, _ columnPlane: ColumnPlane, from input: RowWindow,
    to target: UnsafeMutablePointer<Float>, firstRow: Int, _ filled: Range<Int>, _ kernels: ck_convolution_kernels
  ) {
    let first = columnPlane.firstOffset + filled.lowerBound
    let present = (first..<first + filled.count).clamped(to: 0..<samples(of: columnPlane.inputPhase, in: horizontal))
    let before = present.isEmpty ? filled.count : present.lowerBound - first
    let stride = horizontal.readStride
    var row = rows.lowerBound
    while row < rows.upperBound {
      let y = row * vertical.readStride + rowPhase
      // Rows of a ring follow each other up to its end.
      let inOrder =
        input.slots >= input.height
        ? rows.upperBound - row : (input.slots - y % input.slots - 1) / vertical.readStride + 1
      let count = min(inOrder, rows.upperBound - row)
      var copy = ck_rows(
        source: input.base + input.offset(row: y) + columnPlane.inputPhase + present.lowerBound * stride,
        sourceChannelStride: input.channelStride, sourceRowStride: vertical.readStride * input.rowStride,
        stride: stride,
        target: target + (row - firstRow) * columns + filled.lowerBound, targetChannelStride: channelStride,
        targetRowStride: columns,
        channels: channels, rows: count, before: before, count: present.count,
        after: filled.count - before - present.count, streams: 0)
      kernels.copyRows(&copy)
      row += count
    }
  }
}
