import CKakudaiKernels

/// One axis of a correlation or of a transposed one, in tiles of some positions of each output phase.
///
/// Tile `i` covers the outputs `i·tile·phases − lead ..< (i + 1)·tile·phases − lead`; its outputs of one phase read
/// `taps + tile − 1` samples from `tile·i + anchor` on. Where the axis is read with a stride, each of its input
/// phases, the samples `m, m + stride, …`, stands for a channel of its own with some of the taps, and begins to read `start` further on.
/// A dilated axis falls apart into as many that are not: every output phase reads one input phase.
struct WinogradAxis {
  struct Phase {
    /// Index into `anchors`.
    var anchor: Int
    /// For each input phase the kernel index of each tap, in the order of the samples; `nil` where there are fewer than elsewhere.
    var kernelIndices: [[Int?]]
    /// Whether the last tap is there, without which nothing is left of the point ∞.
    var hasLastTap: Bool { kernelIndices.contains { $0.last! != nil } }
  }

  struct InputPhase {
    var index: Int
    var start: Int
  }

  /// Where the first tile begins to read: the position in an input phase, counted from those of `inputPhases`.
  struct Anchor: Equatable {
    var position: Int
    var inputPhase = 0
  }

  /// Four along rows; four or six, for three taps, across them; or two along both.
  let tile: Int
  let taps: Int
  let phases: [Phase]
  let readStride: Int
  let inputPhases: [InputPhase]
  /// The output phase that stands in each place of a group of `phases.count` neighbouring outputs of a tile.
  let order: [Int]
  let anchors: [Anchor]
  let lead: Int
  let tiles: Int
  private let inputLength: Int

  var points: Int { taps + tile - 1 }
  /// Outputs of one tile.
  var length: Int { tile * phases.count }

  /// - Parameters:
  ///   - lead: Outputs by which the first tile begins before the picture, where there is one phase and no stride or dilation.
  ///   - sharesSamples: Whether all phases read the same samples, where that is possible: tiles are transformed once for all,
  ///     but reach beyond the picture at its start.
  /// - Returns: `nil` where some phase does not have neighbouring samples for its taps, or not two or three.
  init?(_ axis: AxisPhases, tile: Int = Int(CK_WINOGRAD_TILE), lead: Int = 0, sharesSamples: Bool) {
    let isStrided = axis.readStride > 1
    guard !isStrided || axis.phases.count == 1 else { return nil }
    // One list of taps for each phase, of the outputs or, where the axis is read with a stride, of the inputs.
    let lists =
      isStrided ? axis.inputPhases.map { phase in axis.phases[0].filter { $0.inputPhase == phase } } : axis.phases
    let sorted = lists.map { $0.sorted { $0.offset < $1.offset } }
    let taps = sorted.map(\.count).max() ?? 0
    let dilation = isStrided || lists.count > 1 || taps < 2 ? 1 : sorted[0][1].offset - sorted[0][0].offset
    guard (2...3).contains(taps), max(axis.phases.count, dilation) <= Int(CK_WINOGRAD_MOST_PHASES),
      sorted.allSatisfy({ !$0.isEmpty && $0.last!.offset - $0[0].offset == ($0.count - 1) * dilation })
    else { return nil }
    let starts = sorted.map { $0[0].offset }
    let indices = sorted.map { phase in (0..<taps).map { $0 < phase.count ? phase[$0].kernelIndex : nil } }
    (self.taps, self.tile, readStride) = (taps, tile, axis.readStride * dilation)
    inputLength = axis.inputLength
    guard !isStrided else {
      phases = [Phase(anchor: 0, kernelIndices: indices)]
      inputPhases = zip(axis.inputPhases, starts).map { InputPhase(index: $0, start: $1) }
      (anchors, self.lead, order) = ([Anchor(position: 0)], 0, [0])
      tiles = (axis.outputLength + tile - 1) / tile
      return
    }
    inputPhases = [InputPhase(index: 0, start: 0)]
    guard dilation == 1 else {
      phases = (0..<dilation).map { Phase(anchor: $0, kernelIndices: indices) }
      anchors = (0..<dilation).map {
        let position = floorDivide($0 + starts[0], dilation)
        return Anchor(position: position, inputPhase: $0 + starts[0] - position * dilation)
      }
      (self.lead, order) = (0, Array(0..<dilation))
      tiles = (axis.outputLength + tile * dilation - 1) / (tile * dilation)
      return
    }
    let stride = sorted.count
    // Shifted by a position, a phase reads what another reads; in place they must still be neighbours.
    let places = starts.enumerated().map { (starts.min()! - $1) * stride + $0 }
    let isShared = sharesSamples && places.max()! - places.min()! == stride - 1
    let anchors = isShared ? [starts.min()!] : starts.reduce(into: []) { if !$0.contains($1) { $0.append($1) } }
    let ownLead = stride == 1 ? lead % tile : 0
    self.anchors = anchors.map { Anchor(position: $0 - ownLead) }
    phases = zip(starts, indices).map {
      Phase(anchor: isShared ? 0 : anchors.firstIndex(of: $0)!, kernelIndices: [$1])
    }
    self.lead = isShared ? -places.min()! : ownLead
    order = isShared ? places.indices.sorted { places[$0] < places[$1] } : Array(places.indices)
    tiles = (axis.outputLength + self.lead + tile * stride - 1) / (tile * stride)
  }

  /// The tiles that cover some outputs.
  func tiles(covering outputs: Range<Int>) -> Range<Int> {
    (outputs.lowerBound + lead) / length..<(outputs.upperBound + lead + length - 1) / length
  }

  /// The samples that these tiles read; what lies outside of the picture is left out.
  func needed(_ outputs: Range<Int>) -> Range<Int> {
    guard !outputs.isEmpty else { return 0..<0 }
    let tiles = tiles(covering: outputs)
    let (starts, positions) = (inputPhases.map(\.start), anchors.map(\.position))
    let first = (tiles.lowerBound * tile + positions.min()! + starts.min()!) * readStride
    let end = ((tiles.upperBound - 1) * tile + positions.max()! + points + starts.max()!) * readStride
    let clampedEnd = min(max(end, 0), inputLength)
    return min(max(first, 0), clampedEnd)..<clampedEnd
  }
}
