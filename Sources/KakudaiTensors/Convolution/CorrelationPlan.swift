import CKakudaiKernels

/// How one correlation, or its transpose, is cut into calls of the `correlate` kernel.
///
/// The output channels of a group, each in one vertical output phase, are *lines*; lines are taken in *blocks*, one kernel call
/// each, which computes all horizontal phases and lets them alternate along the output row. Blocks are taken in *chunks* whose
/// weights stay in the cache. No cut changes a bit of the result: every output element is summed by the kernel in one order.
struct CorrelationPlan {
  enum Direction {
    /// From the fine grid to the coarse one: `conv2d`, and the gradient of the input of `convTranspose2d`.
    case correlation
    /// From the coarse grid to the fine one: `convTranspose2d`, and the gradient of the input of `conv2d`.
    case transpose
  }

  /// Lines of one row group: line `i` is channel `i % outputChannels` of the group's phase `i / outputChannels`.
  struct Block {
    var rowGroup: Int
    var lines: Range<Int>
    /// Indices into `passes`.
    var passes: Range<Int>
    /// Where the biases of its lines start.
    var biasStart: Int
  }

  /// What a `ck_pass` is made of.
  struct Pass {
    var segment: RowGroup.Segment
    var horizontalPhase: Int
    /// Within the row group.
    var lines: Range<Int>
    /// Within the block.
    var firstOutput: Int
    var continues: Bool
    var weightStart: Int
    /// The tap offsets in `tapOffsets`.
    var taps: Range<Int>
  }

  let direction: Direction
  let extents: ConvolutionExtents
  let vertical: AxisPhases
  let horizontal: AxisPhases
  /// Per group.
  let inputChannels: Int
  let outputChannels: Int
  let band: CorrelationBand
  /// Rows that one call computes as a single long one.
  let rowsPerCall: Int
  let rowGroups: [RowGroup]
  let blocks: [Block]
  let passes: [Pass]
  let tapOffsets: [Int]
  /// Indices into `blocks`.
  let chunks: [Range<Int>]
  /// Per group: floats of packed weights, and of repeated biases.
  let weightCount: Int
  let biasCount: Int

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

    // Narrow rows waste much of their last vector: several are joined.
    let alone = (horizontal.positions + lanes - 1) / lanes
    let joinable = max(1, min(vertical.positions, 1024 / horizontal.positions))
    let joined = (joinable * horizontal.positions + lanes - 1) / lanes
    let isCompact = joined * 10 < alone * joinable * 9

    // Bands: as many rows as the second-level cache holds, but enough bands to give every thread one.
    let oneRow = CorrelationBand(
      vertical: vertical, horizontal: horizontal, positions: 1, channels: inputChannels, isCompact: isCompact)
    let cached = max(4, 393_216 / max(1, 4 * inputChannels * oneRow.floatsPerRow) - vertical.reach)
    let shared = max(1, extents.batch * extents.groups)
    let bandsWanted = (tasks + shared - 1) / shared
    let balanced = max(4, (vertical.positions + bandsWanted - 1) / bandsWanted)
    band = CorrelationBand(
      vertical: vertical, horizontal: horizontal, positions: min(max(cached, isCompact ? joinable : 1), balanced, vertical.positions),
      channels: inputChannels, isCompact: isCompact)
    rowsPerCall = band.isContiguous ? min(joinable, band.positions) : 1

    rowGroups = RowGroup.groups(of: vertical, channels: outputChannels, limit: kernels.outputBlock)
    var blocks: [Block] = []
    var passes: [Pass] = []
    var tapOffsets: [Int] = []
    var tapRanges: [[Int]: Range<Int>] = [:]
    var chunks: [Range<Int>] = []
    var (weightCount, biasCount, chunkStart, chunkWeights) = (0, 0, 0, 0)
    for (groupIndex, rowGroup) in rowGroups.enumerated() {
      let lineCount = outputChannels * rowGroup.phases.count
      let pieces = (lineCount + kernels.outputBlock - 1) / kernels.outputBlock
      for piece in 0..<pieces {
        let lines = lineCount * piece / pieces..<lineCount * (piece + 1) / pieces
        let (firstPass, firstWeight) = (passes.count, weightCount)
        for (phase, columnTaps) in horizontal.phases.enumerated() {
          for (index, segment) in rowGroup.segments.enumerated() {
            let own = segment.members.lowerBound * outputChannels..<segment.members.upperBound * outputChannels
            let covered = own.clamped(to: lines)
            guard !covered.isEmpty else { continue }
            let key = [groupIndex, phase, index]
            if tapRanges[key] == nil {
              let start = tapOffsets.count
              for row in segment.taps {
                for column in columnTaps { tapOffsets.append(band.tapOffset(row, column)) }
              }
              tapRanges[key] = start..<tapOffsets.count
            }
            passes.append(
              Pass(
                segment: segment, horizontalPhase: phase, lines: covered,
                firstOutput: covered.lowerBound - lines.lowerBound, continues: index > 0, weightStart: weightCount,
                taps: tapRanges[key]!))
            weightCount += covered.count * inputChannels * segment.taps.count * columnTaps.count
          }
        }
        // A chunk's weights stay in the second-level cache, beside the band.
        if chunkWeights > 0 && 4 * (chunkWeights + weightCount - firstWeight) > 196_608 {
          chunks.append(chunkStart..<blocks.count)
          (chunkStart, chunkWeights) = (blocks.count, 0)
        }
        chunkWeights += weightCount - firstWeight
        blocks.append(Block(rowGroup: groupIndex, lines: lines, passes: firstPass..<passes.count, biasStart: biasCount))
        biasCount += lines.count
      }
    }
    chunks.append(chunkStart..<blocks.count)
    (self.blocks, self.passes, self.tapOffsets, self.chunks) = (blocks, passes, tapOffsets, chunks)
    (self.weightCount, self.biasCount) = (weightCount, biasCount)
  }

  /// Whether the kernel writes into the output itself, and not into rows that are then copied.
  var writesInPlace: Bool {
    rowsPerCall == 1
      || (vertical.phases.count == 1 && horizontal.positions * horizontal.phases.count == horizontal.outputLength)
  }

  /// Floats that the rows of one block take before they are copied.
  var rowScratchSize: Int { writesInPlace ? 0 : (blocks.map(\.lines.count).max() ?? 0) * rowLength }

  /// Floats that one call writes for one line.
  var rowLength: Int { rowsPerCall * horizontal.positions * horizontal.phases.count }

  var bandCount: Int { (vertical.positions + band.positions - 1) / band.positions }

  /// Channel and vertical output phase of a line.
  func line(_ index: Int, of rowGroup: RowGroup) -> (channel: Int, phase: Int) {
    (index % outputChannels, rowGroup.phases[index / outputChannels])
  }
}
