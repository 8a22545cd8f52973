import KakudaiTensors

/// The rows of one value that are still needed: memory for `slots` of them, zeros around each, and a row of zeros.
final class RowRing: Sendable {
  let window: RowWindow
  private let storage: Storage

  /// - Parameter margins: Zeros at least before and after each row.
  init(_ size: RowRing.Size, height: Int) {
    storage = Storage(count: size.floats)
    storage.elements.update(repeating: 0, count: size.floats)
    window = RowWindow(
      base: storage.elements + size.left, channelStride: size.channelStride, rowStride: size.rowStride,
      slots: size.slots, height: height, width: size.width,
      zeros: RowWindow.Zeros(
        left: size.left, right: size.rowStride - size.left - size.width, row: size.slots * size.rowStride))
  }

  /// What a ring measures, in floats.
  struct Size: Hashable, Sendable {
    let channels: Int
    let slots: Int
    let width: Int
    let left: Int
    let rowStride: Int

    init(channels: Int, slots: Int, width: Int, margins: (left: Int, right: Int)) {
      (self.channels, self.slots, self.width) = (channels, slots, width)
      // Rows begin with a cache line.
      left = (margins.left + 15) / 16 * 16
      rowStride = (left + width + margins.right + 15) / 16 * 16
    }

    /// An odd number of cache lines, so that the channels of a pixel do not all fall into the same cache set.
    var channelStride: Int { ((slots + 1) * rowStride / 16 | 1) * 16 }
    var floats: Int { channels * channelStride }
  }
}
