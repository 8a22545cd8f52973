import CKakudaiKernels

/// The gradient of the weight of a convolution or of a transposed one, which are the same sum:
/// `gradient[o][i][k] = Σ_n Σ_t coarse[n][o][t] · fine[n][i][t·stride + k·dilation − padding]`.
///
/// Rows are taken in bands, and bands in runs, whose sizes follow from the shapes alone; each run adds to the sums in order.
/// The result is therefore the same for any number of threads, which divide the channels between them.
struct WeightGradientPlan {
  let extents: ConvolutionExtents
  let vertical: AxisPhases
  let horizontal: AxisPhases
  /// Positions in one band, and in one run of the kernel.
  let bandPositions: Int
  let runPositions: Int
  /// Taps of fine channels that meet all coarse channels in one call.
  let rightsTogether: Int
  /// How many parts the fine, and then the coarse channels of a group are dealt into.
  let fineParts: Int
  let coarseParts: Int

  init(_ extents: ConvolutionExtents, tasks: Int) {
    self.extents = extents
    vertical = .correlation(extents.vertical)
    horizontal = .correlation(extents.horizontal)
    let columns = horizontal.positions + horizontal.reach
    // A run is short enough for its rows to stay in the first-level cache, a band for its own to stay in the second.
    runPositions = min(vertical.positions, max(1, 1024 / horizontal.positions))
    // Rows of so many channels and taps stay in the second-level cache while all coarse channels meet them.
    rightsTogether = max(96, 65_536 / (runPositions * columns))
    let planes = vertical.inputPhases.count * horizontal.inputPhases.count
    let bytesPerRow = 4 * (extents.fineChannelsPerGroup * planes * columns)
    let runs = max(1, (393_216 / bytesPerRow - vertical.reach) / runPositions)
    bandPositions = min(vertical.positions, runs * runPositions)
    fineParts = min(extents.fineChannelsPerGroup, (tasks + extents.groups - 1) / extents.groups)
    let parts = extents.groups * fineParts
    coarseParts = min(extents.coarseChannelsPerGroup, (tasks + parts - 1) / parts)
  }

  var taskCount: Int { extents.groups * fineParts * coarseParts }

  func fineChannels(part: Int) -> Range<Int> {
    extents.fineChannelsPerGroup * part / fineParts..<extents.fineChannelsPerGroup * (part + 1) / fineParts
  }

  func coarseChannels(part: Int) -> Range<Int> {
    extents.coarseChannelsPerGroup * part / coarseParts..<extents.coarseChannelsPerGroup * (part + 1) / coarseParts
  }

  /// The band that the largest task needs.
  var largestBand: CorrelationBand {
    CorrelationBand(
      vertical: vertical, horizontal: horizontal, positions: bandPositions,
      channels: (0..<fineParts).map { fineChannels(part: $0).count }.max() ?? 0)
  }

  /// What every task of one run shares.
  struct Operands: @unchecked Sendable {
    var coarse: UnsafePointer<Float>
    var fine: UnsafePointer<Float>
    /// `(coarseChannels, fineChannels / groups, kernel height, kernel width)`, zeros at the start.
    var gradient: UnsafeMutablePointer<Float>
    var kernels: ck_convolution_kernels
  }

  /// Computes the gradient for some of the channels of one group; `bandMemory` holds `largestBand.size` floats.
  func run(task index: Int, _ operands: Operands, bandMemory: UnsafeMutablePointer<Float>) {
    let (rest, coarsePart) = index.quotientAndRemainder(dividingBy: coarseParts)
    let (group, finePart) = rest.quotientAndRemainder(dividingBy: fineParts)
    let fineChannels = fineChannels(part: finePart)
    let coarseChannels = coarseChannels(part: coarsePart)
    let band = CorrelationBand(
      vertical: vertical, horizontal: horizontal, positions: bandPositions, channels: fineChannels.count)
    let taps = vertical.phases[0].flatMap { row in
      horizontal.phases[0].map { band.tapOffset(row, $0) }
    }
    let rightOffsets = fineChannels.indices.flatMap { channel in
      taps.map { (channel - fineChannels.lowerBound) * band.channelStride + $0 }
    }
    let gradient =
      operands.gradient + group * extents.weightsPerGroup
      + (coarseChannels.lowerBound * extents.fineChannelsPerGroup + fineChannels.lowerBound) * extents.kernelArea
    for image in 0..<extents.batch {
      let plane = image * extents.groups + group
      let coarse =
        operands.coarse
        + (plane * extents.coarseChannelsPerGroup + coarseChannels.lowerBound) * extents.coarsePlane
      let fine = RowWindow(
        planes: UnsafeMutablePointer(
          mutating: operands.fine
            + (plane * extents.fineChannelsPerGroup + fineChannels.lowerBound) * extents.finePlane),
        height: vertical.inputLength, width: horizontal.inputLength)
      var bandStart = 0
      while bandStart < vertical.positions {
        let bandEnd = min(bandStart + bandPositions, vertical.positions)
        band.fill(bandMemory, from: fine, positions: bandStart..<bandEnd, kernels: operands.kernels)
        var position = bandStart
        while position < bandEnd {
          let rows = min(runPositions, bandEnd - position)
          // Rows without gaps are one long row.
          let joined = band.isContiguous ? rows : 1
          rightOffsets.withUnsafeBufferPointer { offsets in
            for first in stride(from: 0, to: offsets.count, by: rightsTogether) {
              var products = ck_products(
                left: coarse + position * horizontal.positions, leftStride: extents.coarsePlane,
                leftRowStride: horizontal.positions, right: bandMemory + (position - bandStart) * band.columns,
                rightOffsets: offsets.baseAddress! + first, rightRowStride: band.columns, sums: gradient + first,
                sumStride: extents.fineChannelsPerGroup * extents.kernelArea, lefts: coarseChannels.count,
                rights: min(rightsTogether, offsets.count - first), rows: rows / joined,
                width: joined * horizontal.positions)
              operands.kernels.correlateProducts(&products)
            }
          }
          position += rows
        }
        bandStart = bandEnd
      }
    }
  }
}
