import CKakudaiKernels

/// How a correlation or a transposed one whose phases have two or three taps each, is computed by Winograd's minimal
/// filtering: 36 multiplications in place of 144 (three taps), 25 in place of 64 (two), for 4 × 4 outputs and a pair of channels,
/// or 9 in place of 16 (two) for 2 × 2.
///
/// Vertical output phases are computed apart, horizontal ones together and interleaved. Tiles are anchored at the origin of the
/// picture and share nothing, so that no cut changes a bit of the result. Where a sum is not finite, its tile is computed directly:
/// NaN and infinity, in samples or weights, turn every sum that they enter into NaN or infinity, and so are never missed.
final class WinogradPlan: Sendable {
  /// What the lanes of vectors are.
  enum Form: CaseIterable {
    /// Tiles or, where batches fill them, images.
    case tiles
    /// Channels, for small maps of which a picture has few tiles.
    case channels
    /// Likewise, with tiles of 2 × 2, whose transformed weights are a third as large.
    case channelsOfSmallTiles
  }

  let direction: CorrelationPlan.Direction
  let extents: ConvolutionExtents
  let vertical: WinogradAxis
  let horizontal: WinogradAxis
  /// How many channels the lanes of a vector are; 1 where they are tiles or images.
  let channelsPerVector: Int
  /// Whether both axes are read alike, as kernels whose lanes are planes do.
  let readsAlike: Bool
  /// Tiles that are computed at a time, at most.
  let mostTiles: Int
  /// Per group.
  let inputChannels: Int
  let outputChannels: Int
  let inputSize: PerAxis
  let outputSize: PerAxis
  /// Output channels that are multiplied before they are transformed back, so that the products stay in the cache; where lanes
  /// are channels, as many as one kernel call sums in registers.
  let chunks: [Range<Int>]
  let outputBlock: Int
  /// The points (row · points + column) at which not all weights are zero, for each vertical and each horizontal phase.
  let wantedPoints: [[[Int]]]

  /// - Returns: `nil` for what has no such algorithm.
  init?(
    _ direction: CorrelationPlan.Direction, _ extents: ConvolutionExtents, form: Form = .tiles, kernels: Kernels
  ) {
    let (rows, columns) = extents.phases(direction)
    let (inputs, outputs) = extents.channelsPerGroup(direction)
    (inputChannels, outputChannels) = (inputs, outputs)
    let tile = Int(form == .channelsOfSmallTiles ? CK_WINOGRAD_SMALL_TILE : CK_WINOGRAD_TILE)
    guard
      let vertical = Self.vertical(
        rows, tile: tile, channels: inputs, samplesPerRow: outputs * columns.outputLength, lead: extents.tileLead),
      let apart = WinogradAxis(columns, tile: tile, sharesSamples: false),
      let shared = WinogradAxis(columns, tile: tile, sharesSamples: true), vertical.taps == apart.taps,
      form != .channelsOfSmallTiles || vertical.taps == 2
    else { return nil }
    self.direction = direction
    self.extents = extents
    self.vertical = vertical
    // Transforming once for all phases saves about as much as every twelfth tile costs.
    horizontal = shared.tiles * 12 <= apart.tiles * 13 ? shared : apart
    inputSize = PerAxis(height: rows.inputLength, width: columns.inputLength)
    outputSize = PerAxis(height: rows.outputLength, width: columns.outputLength)
    outputBlock = kernels.table.pointee.convolution.outputBlock
    wantedPoints = vertical.phases.map { row in
      apart.phases.map { column in
        (0..<vertical.points * apart.points).filter {
          let (y, x) = $0.quotientAndRemainder(dividingBy: apart.points)
          return (y < vertical.points - 1 || row.hasLastTap) && (x < apart.points - 1 || column.hasLastTap)
        }
      }
    }
    let phases = vertical.inputPhases.count * horizontal.inputPhases.count
    readsAlike = vertical.readStride == horizontal.readStride && (phases == 1 || horizontal.anchors.count == 1)
    let area = vertical.points * horizontal.points
    let most = Int(CK_WINOGRAD_MOST_TILES)
    let floatsPerTile = max(1, horizontal.anchors.count * area * inputs * phases)
    switch form {
    case .tiles:
      let lanes = kernels.lanes
      channelsPerVector = 1
      // Where vectors are long, the second-level cache is large enough for what is transformed.
      mostTiles = lanes > 8 ? min(most, max(32, 327_680 / floatsPerTile / lanes * lanes)) : most
      // Where vectors are short, the second-level cache is small: neither products nor samples stay in it, and samples are then
      // read less often.
      let floats = lanes > 8 ? 65_536 : 262_144
      let cached = max(1, floats / (horizontal.phases.count * area * most) / outputBlock) * outputBlock
      let count = (outputs + cached - 1) / cached
      chunks = (0..<count).map { outputs * $0 / count..<outputs * ($0 + 1) / count }
    case .channels, .channelsOfSmallTiles:
      let lanes = kernels.lanes
      channelsPerVector = lanes
      guard readsAlike, inputs % lanes == 0, outputs % lanes == 0 else { return nil }
      // What is transformed stays in the second-level cache, unless weights would be read too often.
      mostTiles = min(most, max(16, 131_072 / floatsPerTile))
      let vectors = outputs / lanes
      let count = (vectors - 1) / kernels.table.pointee.winograd.channelVectors + 1
      chunks = (0..<count).map { vectors * $0 / count * lanes..<vectors * ($0 + 1) / count * lanes }
    }
  }

  /// Six rows need a ninth less products than four, and less transforms; but the last tile may have more rows to spare, sums over
  /// few channels have errors beyond the bound, and pictures that flow by rows must hold half as many rows again, which are
  /// megabytes each where they are long.
  private static func vertical(
    _ rows: AxisPhases, tile: Int, channels: Int, samplesPerRow: Int, lead: Int
  ) -> WinogradAxis? {
    guard samplesPerRow < longestRow else { return WinogradAxis(rows, tile: tile, lead: lead, sharesSamples: false) }
    guard let four = WinogradAxis(rows, tile: tile, sharesSamples: false) else { return nil }
    guard four.taps == 3, channels >= fewestChannelsOfSixRows,
      let six = WinogradAxis(rows, tile: Int(CK_WINOGRAD_MOST_ROWS), sharesSamples: false)
    else { return four }
    return six.tiles * six.points < four.tiles * four.points ? six : four
  }

  /// By the kernels that round products before adding them, one layer of eight channels in a hundred is beyond the bound, with normal
  /// samples and weights.
  private static let fewestChannelsOfSixRows = 12

  /// Samples, of all channels.
  static let longestRow = 1 << 17
  /// Whether every row that is held takes much memory.
  var hasLongRows: Bool { outputChannels * outputSize.width >= Self.longestRow }

  /// Indices into the input phases of both axes, in the order in which their channels follow.
  var inputPhases: [(rows: Int, columns: Int)] {
    vertical.inputPhases.indices.flatMap { rows in horizontal.inputPhases.indices.map { (rows, $0) } }
  }

  /// Per group: an axis that is read with a stride makes several of each.
  var transformedChannels: Int { inputChannels * vertical.inputPhases.count * horizontal.inputPhases.count }

  var pointsOfTile: Int { vertical.points * horizontal.points }

  /// Of all images.
  var outputCount: Int { extents.batch * extents.groups * outputChannels * outputSize.height * outputSize.width }

  /// Outputs of one tile.
  var unit: PerAxis { PerAxis(height: vertical.length, width: horizontal.length) }

  /// Floats of the transformed weights of one group and one vertical output phase.
  func weightCount(phase: Int) -> Int {
    wantedPoints[phase].reduce(0) { $0 + $1.count } * transformedChannels * outputChannels
  }

  /// Floats of the transformed weights of one group.
  var weightsPerGroup: Int { vertical.phases.indices.reduce(0) { $0 + weightCount(phase: $1) } }
}
