import CKakudaiKernels

/// The mean and the variance of each channel of a picture of which the rows come from the top to the bottom, with the same bits
/// for any number of rows at a time.
///
/// The sum of a row and of its squared distances from its own mean join those of the rows before it (Chan, Golub and LeVeque,
/// "Updating formulae and a pairwise algorithm for computing sample variances", 1979), all in Double.
package struct PictureStatistics: Sendable {
  private struct Channel: Sendable {
    var mean = 0.0
    /// The sum of (x − mean)².
    var squares = 0.0

    /// Takes in `count` more values of which these are the statistics, `before` being those that were taken in so far.
    mutating func join(_ other: Channel, count: Double, before: Double) {
      let distance = other.mean - mean
      mean += distance * (count / (before + count))
      squares += other.squares + distance * distance * (before * count / (before + count))
    }
  }

  private let width: Int
  private var rows = 0
  private var channels: [Channel]
  private let kernels = Kernels.current.pointwise

  /// Of no rows.
  ///
  /// - Parameter picture: `(C, H, W)` or `(1, C, H, W)`.
  package init(of picture: Shape) {
    width = picture[-1]
    channels = Array(repeating: Channel(), count: picture[-3])
  }

  package mutating func add(_ added: Range<Int>, of window: RowWindow) {
    let (width, kernels, before) = (width, kernels, rows)
    let threshold = max(1, elementsPerThread / max(1, added.count * width))
    channels.withUnsafeMutableBufferPointer { channels in
      nonisolated(unsafe) let channels = channels
      Parallel.forEach(channels.count, minimumPerThread: threshold) { part in
        for channel in part {
          for (index, y) in added.enumerated() {
            let row = UnsafePointer(window.row(y, channel: channel))
            let mean = kernels.sum(row, width) / Double(width)
            let own = Channel(mean: mean, squares: kernels.sumOfProducts(row, mean, row, mean, width))
            channels[channel].join(own, count: Double(width), before: Double((before + index) * width))
          }
        }
      }
    }
    rows += added.count
  }

  /// Of a whole picture.
  init(_ picture: Tensor) {
    self.init(of: picture.shape)
    let (height, width) = (picture.shape[-2], picture.shape[-1])
    add(0..<height, of: RowWindow(planes: picture.storage.elements, height: height, width: width))
    withExtendedLifetime(picture) {}
  }

  /// Of some channels together.
  func statistics(ofChannels range: Range<Int>) -> Statistics {
    let count = Double(rows * width)
    var group = Channel()
    for (index, channel) in channels[range].enumerated() {
      group.join(channel, count: count, before: Double(index) * count)
    }
    return Statistics(mean: group.mean, variance: group.squares / (Double(range.count) * count))
  }

  var means: [Float] { channels.map { Float($0.mean) } }

  func variances(isUnbiased: Bool) -> [Float] {
    let count = Double(rows * width - (isUnbiased ? 1 : 0))
    return channels.map { Float($0.squares / count) }
  }
}
