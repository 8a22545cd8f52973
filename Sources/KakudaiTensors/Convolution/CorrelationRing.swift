import CKakudaiKernels

/// The input rows that one output position needs, in a ring that the next row enters with each position.
///
/// Every row is copied once. Bands copy the rows in which they overlap for both, which is most of them where a band holds few
/// positions: many channels, wide rows, large kernels.
struct CorrelationRing {
  let channels: Int
  let slots: Int
  let width: Int
  /// Floats before the first sample of a row, whole vectors of them, so that samples are as aligned as rows.
  private let left: Int
  private let right: Int
  private let rowStride: Int

  /// - Parameter margins: Zeros needed before and after each row.
  init(vertical: AxisPhases, horizontal: AxisPhases, margins: (left: Int, right: Int), channels: Int) {
    self.channels = channels
    slots = vertical.reach + 1
    width = horizontal.inputLength
    left = (margins.left + 15) / 16 * 16
    rowStride = left + (width + margins.right + 15) / 16 * 16
    right = rowStride - left - width
  }

  /// An odd number of cache lines, so that the channels of one pixel do not all fall into the same cache set.
  private var channelStride: Int { ((slots + 1) * rowStride / 16 | 1) * 16 }

  /// Floats of memory.
  var size: Int { channels * channelStride }

  /// The ring in `memory`, which this fills with zeros: the margins of its rows, and the row for those outside the picture.
  func window(_ memory: UnsafeMutablePointer<Float>, height: Int) -> RowWindow {
    memory.update(repeating: 0, count: size)
    return RowWindow(
      base: memory + left, channelStride: channelStride, rowStride: rowStride, slots: slots, height: height,
      width: width, zeros: RowWindow.Zeros(left: left, right: right, row: slots * rowStride))
  }

  /// Copies rows of a tensor.
  func copy(_ rows: Range<Int>, from input: RowWindow, to ring: RowWindow, kernels: ck_convolution_kernels) {
    var row = rows.lowerBound
    while row < rows.upperBound {
      let count = min(rows.upperBound - row, slots - row % slots)
      var copy = ck_rows(
        source: input.base + input.offset(row: row), sourceChannelStride: input.channelStride,
        sourceRowStride: input.rowStride, stride: 1, target: ring.base + row % slots * rowStride,
        targetChannelStride: channelStride, targetRowStride: rowStride, channels: channels, rows: count, before: 0,
        count: width, after: 0, streams: 0)
      kernels.copyRows(&copy)
      row += count
    }
  }
}
