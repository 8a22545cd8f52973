import CKakudaiKernels

/// How one correlation, or its transpose, is cut into calls of the `correlate` kernel.
///
/// The output channels of a group, each with its vertical output phases, are *lines*; every line is computed with all its
/// horizontal phases, which then interleave into output rows. Lines are taken in *chunks* whose weights and rows stay in the
/// cache. No cut changes a bit of the result: every output element is summed by the kernel in one order.
struct CorrelationPlan {
  enum Direction {
    /// From the fine grid to the coarse one: `conv2d`, and the gradient of the input of `convTranspose2d`.
    case correlation
    /// From the coarse grid to the fine one: `convTranspose2d`, and the gradient of the input of `conv2d`.
    case transpose
  }

  /// Some lines of one group of vertical phases.
  struct Chunk {
    var rowGroup: Int
    /// Line `channel · phases + phase` of the group.
    var lines: Range<Int>
    /// Where the packed weights of each group of horizontal phases start.
    var weights: [Int]
    /// Where the repeated biases of each group of horizontal phases start.
    var biases: [Int]
  }

  let direction: Direction
  let extents: ConvolutionExtents
  let vertical: AxisPhases
  let horizontal: AxisPhases
  /// Per group.
  let inputChannels: Int
  let outputChannels: Int
  let band: CorrelationBand
  /// Rows that one call computes as a single long one, computing also what lies between their ends.
  let rowsPerCall: Int
  let chunks: [Chunk]
  /// Per group: floats of packed weights, and of repeated biases.
  let weightCount: Int
  let biasCount: Int
  /// Whether the kernel can write into the output itself.
  let writesInPlace: Bool

  init(_ direction: Direction, _ extents: ConvolutionExtents, kernels: ck_convolution_kernels, lanes: Int, tasks: Int) {
    self.direction = direction
    self.extents = extents
    switch direction {
    case .correlation:
      vertical = .correlation(extents.vertical)
      horizontal = .correlation(extents.horizontal)
      inputChannels = extents.fineChannelsPerGroup
      outputChannels = extents.coarseChannelsPerGroup
    case .transpose:
      vertical = .transpose(extents.vertical)
      horizontal = .transpose(extents.horizontal)
      inputChannels = extents.coarseChannelsPerGroup
      outputChannels = extents.fineChannelsPerGroup
    }

    // Bands: as many rows as the second-level cache holds, but enough bands to give every thread one.
    let oneRow = CorrelationBand(vertical: vertical, horizontal: horizontal, positions: 1, channels: inputChannels)
    let bytesPerRow =
      4 * inputChannels * max(1, vertical.inputPhases.count * horizontal.inputPhases.count) * oneRow.columns
    let cached = max(4, 393_216 / max(1, bytesPerRow) - vertical.reach)
    let shared = max(1, extents.batch * extents.groups)
    let bandsWanted = (tasks + shared - 1) / shared
    let balanced = max(4, (vertical.positions + bandsWanted - 1) / bandsWanted)
    band = CorrelationBand(
      vertical: vertical, horizontal: horizontal, positions: min(cached, balanced, vertical.positions),
      channels: inputChannels)

    // A row of few vectors wastes much of its last one; a long row made of several wastes what lies between them.
    let alone = (horizontal.positions + lanes - 1) / lanes
    let together = max(1, min(band.positions, 1024 / band.columns))
    let joined = ((together - 1) * band.columns + horizontal.positions + lanes - 1) / lanes
    let isContiguous = band.columns == horizontal.positions
    rowsPerCall = isContiguous || joined * 10 < alone * together * 9 ? together : 1
    writesInPlace =
      vertical.writeStride == 1 && horizontal.writeStride == 1 && (rowsPerCall == 1 || isContiguous)

    let lineBytes = 4 * horizontal.writeStride * rowsPerCall * band.columns
    let weightBytesPerOutput = 4 * inputChannels * extents.kernelArea
    var chunks: [Chunk] = []
    var weightCount = 0
    var biasCount = 0
    for rowGroup in vertical.groups.indices {
      let lines = outputChannels * vertical.groups[rowGroup].outputPhases.count
      let most =
        writesInPlace
        ? max(1, 196_608 / max(1, weightBytesPerOutput) / kernels.outputBlock) * kernels.outputBlock
        : max(1, 65_536 / lineBytes)
      let pieces = (lines + most - 1) / most
      for piece in 0..<pieces {
        var chunk = Chunk(
          rowGroup: rowGroup, lines: lines * piece / pieces..<lines * (piece + 1) / pieces, weights: [], biases: [])
        for columnGroup in horizontal.groups {
          let outputs = chunk.lines.count * columnGroup.outputPhases.count
          chunk.weights.append(weightCount)
          chunk.biases.append(biasCount)
          weightCount += outputs * inputChannels * vertical.groups[rowGroup].taps.count * columnGroup.taps.count
          biasCount += outputs
        }
        chunks.append(chunk)
      }
    }
    self.chunks = chunks
    self.weightCount = weightCount
    self.biasCount = biasCount
  }

  /// Floats that the rows of one chunk take before they interleave.
  var rowScratchSize: Int {
    guard !writesInPlace else { return 0 }
    let lines = chunks.map(\.lines.count).max() ?? 0
    return lines * horizontal.writeStride * rowLength
  }

  /// Floats between the rows of two stacked outputs.
  var rowLength: Int { (rowsPerCall - 1) * band.columns + horizontal.positions }

  var bandCount: Int { (vertical.positions + band.positions - 1) / band.positions }
}
