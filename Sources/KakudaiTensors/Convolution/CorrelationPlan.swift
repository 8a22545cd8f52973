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
    /// Indices into `sums`.
    var sums: Range<Int>
    /// Indices into `taps`.
    var taps: Range<Int>
    var continues: Bool
    var weightStart: Int
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
  /// What takes the place of the band where its rows would mostly be copied twice.
  let ring: CorrelationRing?
  /// Vertical positions of one of the independent parts of a whole picture.
  let positionsPerTask: Int
  /// Rows that one call computes as a single long one.
  let rowsPerCall: Int
  /// The same where rows are read in place and written where they belong, so that it costs nothing.
  let joinableRows: Int
  /// Whether rows that are computed together are one long row of an output without gaps.
  let outputsJoin: Bool
  let lines: [Line]
  let blocks: [Block]
  let passes: [Pass]
  let sums: [ck_phase_output]
  let taps: [(row: AxisPhases.Tap, column: AxisPhases.Tap)]
  /// Where each tap begins in the band.
  let bandOffsets: [Int]
  /// Indices into `blocks`.
  let chunks: [Range<Int>]
  /// Floats of packed weights of one group.
  let weightCount: Int
  /// How far ahead weights are fetched, in floats; 0 where the caches hold them or each is used for many pixels.
  let weightsAhead: Int
  /// Whether every tap of an output position reads the sample at that very position, so that rows need no zeros around them.
  let readsInPlace: Bool
  /// Lines of the largest block.
  let mostLines: Int

  init(_ direction: Direction, _ extents: ConvolutionExtents, kernels: ck_convolution_kernels, lanes: Int, tasks: Int) {
    self.direction = direction
    self.extents = extents
    (vertical, horizontal) = extents.phases(direction)
    (inputChannels, outputChannels) = extents.channelsPerGroup(direction)

    outputSize = PerAxis(height: vertical.outputLength, width: horizontal.outputLength)
    (verticalPhases, horizontalPhases) = (vertical.phases.count, horizontal.phases.count)
    positionsPerRow = horizontal.positions

    // Narrow rows waste much of their last vector: several are joined.
    joinableRows = max(1, min(vertical.positions, 1024 / horizontal.positions))
    let makeBand = { [vertical, horizontal, inputChannels] (positions: Int, isCompact: Bool) in
      CorrelationBand(
        vertical: vertical, horizontal: horizontal, positions: positions, channels: inputChannels, isCompact: isCompact)
    }
    let isCompact = joiningPays(
      rows: joinableRows, lanes: lanes, products: extents.kernelArea * outputChannels,
      outputs: outputChannels * vertical.phases.count * horizontal.phases.count, channels: inputChannels,
      width: horizontal.positions, planes: (makeBand(1, false), makeBand(1, true)))

    // Bands: as many rows as the second-level cache holds, but enough bands to give every thread one.
    let floatsPerRow = makeBand(1, isCompact).floatsPerRow
    let cached = max(4, 393_216 / max(1, 4 * inputChannels * floatsPerRow) - vertical.reach)
    let shared = max(1, extents.batch * extents.groups)
    let bandsWanted = (tasks + shared - 1) / shared
    let balanced = max(4, (vertical.positions + bandsWanted - 1) / bandsWanted)
    // Where bands were small, a ring takes their place, and a task is as large as it can be.
    let isStepped = vertical.readStride > 1 || horizontal.readStride > 1
    let usesRing = !isCompact && !isStepped && cached < min(4 * vertical.reach, balanced, vertical.positions)
    band = makeBand(min(max(cached, isCompact ? joinableRows : 1), balanced, vertical.positions), isCompact)
    positionsPerTask = usesRing ? balanced : band.positions
    ring =
      usesRing
      ? CorrelationRing(
        vertical: vertical, horizontal: horizontal, margins: horizontal.margins, channels: inputChannels) : nil
    outputsJoin =
      vertical.phases.count == 1 && horizontal.positions * horizontal.phases.count == horizontal.outputLength
    rowsPerCall = isCompact || (band.isContiguous && outputsJoin) ? min(joinableRows, band.positions) : 1

    let choice = PhaseGroup.choice(
      vertical: vertical, horizontal: horizontal, inputChannels: inputChannels, outputChannels: outputChannels,
      limit: kernels.outputBlock)
    let alternates = horizontal.phases.count == 2 && choice.keepsSums && horizontal.positions >= 2 * lanes
    var lines: [Line] = []
    var blocks: [Block] = []
    var passes: [Pass] = []
    var sums: [ck_phase_output] = []
    var taps: [(row: AxisPhases.Tap, column: AxisPhases.Tap)] = []
    var tapRanges: [[[AxisPhases.Tap]]: Range<Int>] = [:]
    var chunks: [Range<Int>] = []
    var (weightCount, chunkStart, chunkWeights) = (0, 0, 0)
    for rowGroup in choice.rows {
      let lineCount = outputChannels * rowGroup.phases.count
      let linesPerBlock =
        alternates
        ? kernels.linesOfPairs(of: lineCount)
        : kernels.outputBlock / (choice.columns.map(\.phases.count).max() ?? 1)
      let pieces = (lineCount + linesPerBlock - 1) / linesPerBlock
      for piece in 0..<pieces {
        let own = lineCount * piece / pieces..<lineCount * (piece + 1) / pieces
        let (firstPass, firstWeight) = (passes.count, weightCount)
        for columnGroup in choice.columns {
          for (index, row) in rowGroup.segments.enumerated() {
            let sharing = row.members.lowerBound * outputChannels..<row.members.upperBound * outputChannels
            let covered = sharing.clamped(to: own)
            guard !covered.isEmpty else { continue }
            for (columnIndex, column) in columnGroup.segments.enumerated() {
              let key = [row.taps, column.taps]
              if tapRanges[key] == nil {
                tapRanges[key] = taps.count..<taps.count + row.taps.count * column.taps.count
                for row in row.taps { taps += column.taps.map { (row, $0) } }
              }
              let firstSum = sums.count
              for phase in columnGroup.phases[column.members] {
                sums += covered.map { ck_phase_output(phase: UInt32(phase), output: UInt32($0 - own.lowerBound)) }
              }
              passes.append(
                Pass(
                  sums: firstSum..<sums.count, taps: tapRanges[key]!, continues: index + columnIndex > 0,
                  weightStart: weightCount))
              weightCount += passes.last!.sums.count * passes.last!.taps.count * inputChannels
            }
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
    (self.lines, self.blocks, self.passes, self.sums) = (lines, blocks, passes, sums)
    bandOffsets = taps.map { [band] in band.tapOffset($0.row, $0.column) }
    (self.taps, self.chunks, self.weightCount) = (taps, chunks, weightCount)
    let isLarge = weightCount * extents.groups > 262_144
    weightsAhead = isLarge && vertical.positions * horizontal.positions <= 128 ? 1024 : 0
    readsInPlace = [vertical, horizontal].allSatisfy {
      $0.readStride == 1 && $0.smallestOffset == 0 && $0.reach == 0 && $0.positions == $0.inputLength
    }
    mostLines = blocks.map(\.lines.count).max() ?? 0
  }

  /// Floats that one call writes for one line.
  var rowLength: Int { rowsPerCall * positionsPerRow * horizontalPhases }

  /// Tasks along the vertical axis.
  var bandCount: Int { (vertical.positions + positionsPerTask - 1) / positionsPerTask }
}

extension ck_convolution_kernels {
  /// The lines of a block whose two phases alternate: tiles need the fewest loads where they have two vectors of half as many
  /// outputs as other blocks, but for a few lines where tiles of fewer have more sums.
  fileprivate func linesOfPairs(of lineCount: Int) -> Int {
    func sums(_ lines: Int) -> Int { lines * Int(pairVectors[lines - 1]) }
    guard lineCount < outputBlock / 2 else { return outputBlock / 2 }
    return (1...lineCount).filter { lineCount % $0 == 0 }.max { sums($0) <= sums($1) }!
  }
}

/// Whether it pays to store rows once for each horizontal tap, so that `rows` of them join without gaps.
///
/// Cycles for each input channel: a product of vectors takes one; to copy a vector takes four, also that of an output, which
/// the kernel cannot write in place.
private func joiningPays(
  rows: Int, lanes: Int, products: Int, outputs: Int, channels: Int, width: Int,
  planes: (alone: CorrelationBand, joined: CorrelationBand)
) -> Bool {
  let alone = rows * ((width + lanes - 1) / lanes)
  let joined = (rows * width + lanes - 1) / lanes
  let copies = (alone: planes.alone.planeCount, joined: planes.joined.planeCount)
  return joined * (channels * (products + 4 * copies.joined) + 4 * outputs)
    < alone * channels * (products + 4 * copies.alone)
}
