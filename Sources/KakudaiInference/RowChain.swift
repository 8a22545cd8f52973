import KakudaiTensors

/// A convolution that is computed directly, or from few terms, and the one of single pixels that alone reads it, computed together: what passes
/// between them stays in the cache of a core, and no ring holds it.
///
/// The inputs are those of the first, then those of the second but for what the first gives it.
struct RowChain: RowKernel {
  private let first: RowConvolution
  private let second: RowConvolution
  private let channels: Int

  /// - Parameter channels: Of what passes between them.
  /// - Returns: `nil` where the second reads more than the pixel at the same place, or the first is not computed in tiles of any size.
  init?(_ first: any RowKernel, _ second: any RowKernel, channels: Int) {
    guard let first = first as? RowConvolution, let second = second as? RowConvolution, first.computesTiles,
      second.readsPixels
    else { return nil }
    (self.first, self.second, self.channels) = (first, second, channels)
  }

  /// The kernel that an input belongs to, and which of its inputs it is.
  private func reader(_ index: Int) -> (kernel: RowConvolution, index: Int) {
    index < first.inputCount ? (first, index) : (second, index - first.inputCount + 1)
  }

  func inputRows(_ index: Int, for rows: Range<Int>) -> Range<Int> {
    let reader = reader(index)
    return reader.kernel.inputRows(reader.index, for: rows)
  }

  func inputColumns(_ index: Int, for columns: Range<Int>) -> Range<Int> {
    let reader = reader(index)
    return reader.kernel.inputColumns(reader.index, for: columns)
  }

  func margins(_ index: Int) -> (left: Int, right: Int)? {
    let reader = reader(index)
    return reader.kernel.margins(reader.index)
  }

  var rowUnit: Int { first.rowUnit }

  var multiplications: Int { first.multiplications + second.multiplications }

  /// The names of both algorithms.
  var algorithmName: String { "\(first.algorithmName), \(second.algorithmName)" }

  func makeScratch() -> (any RowScratch)? { Scratch(self) }

  func compute(
    rows: Range<Int>, columns: Range<Int>, from inputs: [RowWindow], to output: RowWindow, _ scratch: (any RowScratch)?
  ) {
    guard let scratch = scratch as? Scratch else { preconditionFailure("the memory is not that of this chain") }
    let firstInputs = Array(inputs.prefix(first.inputCount))
    let others = inputs.dropFirst(first.inputCount)
    // As the first one's tiles of rows are anchored.
    let anchor = rows.lowerBound / first.rowUnit * first.rowUnit
    for top in stride(from: anchor, to: rows.upperBound, by: tileRows) {
      let tileRows = (top..<top + tileRows).clamped(to: rows)
      for left in stride(from: columns.lowerBound, to: columns.upperBound, by: tileColumns) {
        let tile = left..<min(left + tileColumns, columns.upperBound)
        let between = scratch.window(from: left, height: output.height, width: output.width)
        first.compute(rows: tileRows, columns: tile, from: firstInputs, to: between, scratch.first)
        second.compute(rows: tileRows, columns: tile, from: [between] + others, to: output, scratch.second)
      }
    }
  }

  /// What is computed at once, 256 KB or 64 columns: as many rows as the first can take.
  private var tileRows: Int { channels <= 64 ? first.rowsAtOnce : first.rowUnit }
  private var tileColumns: Int { max(64, 65_536 / max(1, channels * tileRows) / 16 * 16) }

  private final class Scratch: RowScratch {
    let first: (any RowScratch)?
    let second: (any RowScratch)?
    private let tile: Storage
    private let tileRows: Int
    private let rowStride: Int
    /// An odd number of cache lines, so that the channels of a pixel do not all fall into the same cache set.
    private let channelStride: Int

    init(_ chain: RowChain) {
      tileRows = chain.tileRows
      rowStride = chain.tileColumns
      channelStride = tileRows * rowStride + 16
      (first, second) = (chain.first.makeScratch(), chain.second.makeScratch())
      // Kernels may read past the end.
      tile = Storage(count: chain.channels * channelStride + 64)
      tile.elements.update(repeating: 0, count: tile.count)
    }

    /// The tile, whose first column is `left` of the picture.
    func window(from left: Int, height: Int, width: Int) -> RowWindow {
      RowWindow(
        base: tile.elements - left, channelStride: channelStride, rowStride: rowStride,
        slots: tileRows, height: height, width: width,
        // Pixels need nothing around them.
        zeros: RowWindow.Zeros(left: 0, right: 0, row: 0))
    }
  }
}
