import KakudaiTensors

/// The rows of one value that are still needed: memory for `slots` of them and, where that is wanted, zeros around each and a row
/// of zeros.
final class RowRing: Sendable {
  let window: RowWindow
  private let storage: Storage?

  /// - Parameters:
  ///   - height: Of the picture.
  ///   - width: Of the picture.
  init(_ size: RowRing.Size, height: Int, width: Int) {
    let storage = Storage(count: size.floats)
    self.storage = storage
    size.fillMargins(of: storage.elements)
    window = RowWindow(
      base: storage.elements + size.left - size.first, channelStride: size.channelStride, rowStride: size.rowStride,
      slots: size.slots, height: height, width: width,
      zeros: size.hasZeros
        ? RowWindow.Zeros(
          left: size.left, right: size.rowStride - size.left - size.columns, row: size.slots * size.rowStride) : nil)
  }

  /// All rows of a picture, for which there is memory elsewhere.
  init(around window: RowWindow) { (self.window, storage) = (window, nil) }

  /// What a ring measures, in floats.
  struct Size: Hashable, Sendable {
    let channels: Int
    let slots: Int
    /// The first column that there is, at the start of a cache line, and how many.
    let first: Int
    let columns: Int
    let left: Int
    let rowStride: Int
    let hasZeros: Bool

    /// - Parameter margins: Zeros that readers want before and after each row; none where no reader wants any.
    init(channels: Int, slots: Int, columns: Range<Int>, margins: [(left: Int, right: Int)]) {
      (self.channels, self.slots) = (channels, slots)
      first = columns.lowerBound / 16 * 16
      self.columns = columns.upperBound - first
      let (before, after) = margins.reduce((0, 0)) { (max($0.0, $1.left), max($0.1, $1.right)) }
      // Rows begin with a cache line.
      left = (before + 15) / 16 * 16
      rowStride = (left + self.columns + after + 15) / 16 * 16
      hasZeros = !margins.isEmpty
    }

    /// An odd number of cache lines, so that the channels of a pixel do not all fall into the same cache set.
    var channelStride: Int { ((slots + (hasZeros ? 1 : 0)) * rowStride / 16 | 1) * 16 }
    /// With what kernels that read whole vectors may read after the last row.
    var floats: Int { channels * channelStride + 64 }

    /// Writes zeros around all rows; the rows themselves are written before they are read.
    fileprivate func fillMargins(of elements: UnsafeMutablePointer<Float>) {
      let after = rowStride - left - columns
      for channel in 0..<channels {
        let plane = elements + channel * channelStride
        for slot in 0..<slots {
          let row = plane + slot * rowStride
          row.update(repeating: 0, count: left)
          (row + left + columns).update(repeating: 0, count: after)
        }
        (plane + slots * rowStride).update(repeating: 0, count: channelStride - slots * rowStride)
      }
      (elements + channels * channelStride).update(repeating: 0, count: 64)
    }
  }
}
