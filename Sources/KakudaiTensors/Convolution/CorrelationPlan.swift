import CKakudaiKernels

/// How one correlation, or its transpose, is cut into calls of the `correlate` kernel.
///
/// The output channels of a group, each in one vertical output phase, are *lines*; lines are taken in *blocks*, one kernel call
/// each, which computes all horizontal phases and lets them alternate along the output row. Blocks are taken in *chunks* whose
/// weights stay in the cache. No cut changes a bit of the result: every output element is summed by the kernel in one order.
final class CorrelationPlan: Sendable {
  enum Direction {
    /// From the fine grid to the coarse one: `conv2d`, and the gradient of the input of `convTranspose2d`.
    case correlation
    /// From the coarse grid to the fine one: `convTranspose2d`, and the gradient of the input of `conv2d`.
    case transpose
  }

  /// One output channel in one vertical output phase.
  struct Line {
    var channel: Int
    var phase: Int
  }

  struct Block {
    /// Indices into `lines`.
    var lines: Range<Int>
    /// Indices into `passes`.
    var passes: Range<Int>
  }

  /// What a `ck_pass` is made of.
  struct Pass {
    var segment: RowGroup.Segment
    var horizontalPhase: Int
    /// Indices into the lines of the row group, which are those of its first phase, then those of the next.
    var lines: Range<Int>
    /// Within the block.
    var firstOutput: Int
    var continues: Bool
    var weightStart: Int
    /// Indices into `taps`.
    var taps: Range<Int>
  }

  // Numbers that every kernel call needs, out of the structures they come from.
  let outputSize: PerAxis
  let verticalPhases: Int
  let horizontalPhases: Int
  let positionsPerRow: Int

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
  /// Whether rows that are computed together are one long row of an output without gaps.
  let outputsJoin: Bool
  let lines: [Line]
  let blocks: [Block]
  let passes: [Pass]
  let taps: [(row: AxisPhases.Tap, column: AxisPhases.Tap)]
  /// Indices into `blocks`.
  let chunks: [Range<Int>]
  /// Floats of packed weights of one group.
  let weightCount: Int

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

    outputSize = PerAxis(height: vertical.outputLength, width: horizontal.outputLength)
    (verticalPhases, horizontalPhases) = (vertical.phases.count, horizontal.phases.count)
    positionsPerRow = horizontal.positions

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
      vertical: vertical, horizontal: horizontal,
      positions: min(max(cached, isCompact ? joinable : 1), balanced, vertical.positions),
      channels: inputChannels, isCompact: isCompact)
    outputsJoin =
      vertical.phases.count == 1 && horizontal.positions * horizontal.phases.count == horizontal.outputLength
    rowsPerCall = isCompact || (band.isContiguous && outputsJoin) ? min(joinable, band.positions) : 1

    let rowGroups = RowGroup.groups(of: vertical, channels: outputChannels, limit: kernels.outputBlock)
    var lines: [Line] = []
    var blocks: [Block] = []
    var passes: [Pass] = []
    var taps: [(row: AxisPhases.Tap, column: AxisPhases.Tap)] = []
    var tapRanges: [[Int]: Range<Int>] = [:]
    var chunks: [Range<Int>] = []
    var (weightCount, chunkStart, chunkWeights) = (0, 0, 0)
    for (groupIndex, rowGroup) in rowGroups.enumerated() {
      let lineCount = outputChannels * rowGroup.phases.count
      let pieces = (lineCount + kernels.outputBlock - 1) / kernels.outputBlock
      for piece in 0..<pieces {
        let own = lineCount * piece / pieces..<lineCount * (piece + 1) / pieces
        let (firstPass, firstWeight) = (passes.count, weightCount)
        for (phase, columnTaps) in horizontal.phases.enumerated() {
          for (index, segment) in rowGroup.segments.enumerated() {
            let sharing = segment.members.lowerBound * outputChannels..<segment.members.upperBound * outputChannels
            let covered = sharing.clamped(to: own)
            guard !covered.isEmpty else { continue }
            let key = [groupIndex, phase, index]
            if tapRanges[key] == nil {
              let start = taps.count
              for row in segment.taps {
                for column in columnTaps { taps.append((row, column)) }
              }
              tapRanges[key] = start..<taps.count
            }
            passes.append(
              Pass(
                segment: segment, horizontalPhase: phase, lines: covered,
                firstOutput: covered.lowerBound - own.lowerBound, continues: index > 0, weightStart: weightCount,
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
        let firstLine = lines.count
        for line in own {
          let (phase, channel) = line.quotientAndRemainder(dividingBy: outputChannels)
          lines.append(Line(channel: channel, phase: rowGroup.phases[phase]))
        }
        blocks.append(Block(lines: firstLine..<lines.count, passes: firstPass..<passes.count))
      }
    }
    chunks.append(chunkStart..<blocks.count)
    (self.lines, self.blocks, self.passes) = (lines, blocks, passes)
    (self.taps, self.chunks, self.weightCount) = (taps, chunks, weightCount)
  }

  /// Lines of the largest block.
  var mostLines: Int { blocks.map(\.lines.count).max() ?? 0 }

  /// Floats that one call writes for one line.
  var rowLength: Int { rowsPerCall * positionsPerRow * horizontalPhases }

  var bandCount: Int { (vertical.positions + band.positions - 1) / band.positions }
}
