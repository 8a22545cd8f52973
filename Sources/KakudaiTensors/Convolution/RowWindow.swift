/// Rows of a picture of some channels as they stand in memory: a whole plane, or a ring that holds the latest rows.
///
/// Row `y` of channel `c` begins at `base + c·channelStride + (y mod slots)·rowStride`.
package struct RowWindow: @unchecked Sendable {
  /// What kernels that read rows where they stand may meet beyond them; every float of it is zero.
  package struct Zeros: Sendable {
    /// Floats before and after each row.
    package var left: Int
    package var right: Int
    /// A row, with its margins, for those above and below the picture, relative to the start of each channel.
    package var row: Int

    package init(left: Int, right: Int, row: Int) {
      (self.left, self.right, self.row) = (left, right, row)
    }
  }

  package var base: UnsafeMutablePointer<Float>
  package var channelStride: Int
  package var rowStride: Int
  /// Rows that fit; at least the picture's height where none is ever replaced.
  package var slots: Int
  /// Of the picture, in pixels.
  package var height: Int
  package var width: Int
  /// `nil` where rows stand without zeros around them, as in a tensor.
  package var zeros: Zeros?

  package init(
    base: UnsafeMutablePointer<Float>, channelStride: Int, rowStride: Int, slots: Int, height: Int, width: Int,
    zeros: Zeros? = nil
  ) {
    self.base = base
    (self.channelStride, self.rowStride, self.slots) = (channelStride, rowStride, slots)
    (self.height, self.width, self.zeros) = (height, width, zeros)
  }

  /// Planes that follow each other, as in a tensor.
  package init(planes base: UnsafeMutablePointer<Float>, height: Int, width: Int) {
    self.init(base: base, channelStride: height * width, rowStride: width, slots: height, height: height, width: width)
  }

  /// Some rows and columns of each channel, which follow each other in `memory`.
  package init(
    _ rows: Range<Int>, _ columns: Range<Int>, in memory: UnsafeMutablePointer<Float>, height: Int, width: Int
  ) {
    self.init(
      base: memory - rows.lowerBound * columns.count - columns.lowerBound, channelStride: rows.count * columns.count,
      rowStride: columns.count, slots: height, height: height, width: width)
  }

  /// The zeros around its rows, if they are as wide as a convolution needs to read rows where they stand.
  func zeros(for margins: (left: Int, right: Int)?) -> Zeros? {
    guard let zeros, let margins, zeros.left >= margins.left, zeros.right >= margins.right else { return nil }
    return zeros
  }

  /// Where a row begins, relative to the start of its channel.
  package func offset(row: Int) -> Int { (slots >= height ? row : row % slots) * rowStride }

  package func row(_ row: Int, channel: Int) -> UnsafeMutablePointer<Float> {
    base + channel * channelStride + offset(row: row)
  }

  /// The same rows of the channels from `first` on.
  package func channels(from first: Int) -> RowWindow {
    var window = self
    window.base += first * channelStride
    return window
  }

  /// Takes some rows and columns of as many channels from elsewhere.
  package func copy(_ rows: Range<Int>, _ columns: Range<Int>, from source: RowWindow, channels: Int) {
    for channel in 0..<channels {
      for y in rows {
        (row(y, channel: channel) + columns.lowerBound)
          .update(from: source.row(y, channel: channel) + columns.lowerBound, count: columns.count)
      }
    }
  }

  /// Whether the rows of a channel follow each other without gaps.
  var isContiguous: Bool { rowStride == width && slots >= height }
}

extension RowWindow {
  /// Some rows and columns in planes whose rows follow each other, as kernels whose lanes are channels read them; the memory lasts as
  /// long as the result.
  func copied(
    _ rows: Range<Int>, _ columns: Range<Int>, channels: Int, lanes: Int
  ) -> (memory: Storage, window: RowWindow) {
    // Vectors are read across the end.
    let memory = Storage(count: channels * rows.count * width + lanes)
    let window = RowWindow(rows, 0..<width, in: memory.elements, height: height, width: width)
    window.copy(rows, columns, from: self, channels: channels)
    return (memory, window)
  }
}
