import CKakudaiKernels

/// One axis of a correlation of stride 1, or of a transposed one of any stride, in tiles of some positions of each output phase.
///
/// Tile `i` covers the outputs `i·tile·phases − lead ..< (i + 1)·tile·phases − lead`; its outputs of one phase read
/// `taps + tile − 1` samples from `tile·i + anchor` on.
struct WinogradAxis {
  struct Phase {
    /// Index into `anchors`.
    var anchor: Int
    /// The kernel index of each tap, in the order of the samples; `nil` where this phase has fewer taps than others.
    var kernelIndices: [Int?]
    /// Whether the last tap is missing, so that nothing is left of the point ∞.
    var hasLastTap: Bool { kernelIndices.last! != nil }
  }

  /// Four along rows; four or six, for three taps, across them.
  let tile: Int
  let taps: Int
  let phases: [Phase]
  /// The output phase that stands in each place of a group of `phases.count` neighbouring outputs of a tile.
  let order: [Int]
  /// Where the first tile begins to read.
  let anchors: [Int]
  let lead: Int
  let tiles: Int
  private let inputLength: Int

  var points: Int { taps + tile - 1 }
  /// Outputs of one tile.
  var length: Int { tile * phases.count }

  /// - Parameter sharesSamples: Whether all phases read the same samples, where that is possible: tiles are transformed once
  ///   for all, but reach beyond the picture at its start.
  /// - Returns: `nil` where some phase does not have neighbouring samples for its taps, or not two or three.
  init?(_ axis: AxisPhases, tile: Int = Int(CK_WINOGRAD_TILE), sharesSamples: Bool) {
    let sorted = axis.phases.map { $0.sorted { $0.offset < $1.offset } }
    let taps = sorted.map(\.count).max() ?? 0
    guard axis.readStride == 1, (2...3).contains(taps), axis.phases.count <= Int(CK_WINOGRAD_MOST_PHASES),
      sorted.allSatisfy({ !$0.isEmpty && $0.last!.offset - $0[0].offset == $0.count - 1 })
    else { return nil }
    let stride = sorted.count
    let starts = sorted.map { $0[0].offset }
    // Shifted by a position, a phase reads what another reads; in place they must still be neighbours.
    let places = starts.enumerated().map { (starts.min()! - $1) * stride + $0 }
    let isShared = sharesSamples && places.max()! - places.min()! == stride - 1
    let anchors = isShared ? [starts.min()!] : starts.reduce(into: []) { if !$0.contains($1) { $0.append($1) } }
    (self.taps, self.tile) = (taps, tile)
    self.anchors = anchors
    inputLength = axis.inputLength
    phases = sorted.map { phase in
      Phase(
        anchor: isShared ? 0 : anchors.firstIndex(of: phase[0].offset)!,
        kernelIndices: (0..<taps).map { $0 < phase.count ? phase[$0].kernelIndex : nil })
    }
    lead = isShared ? -places.min()! : 0
    order = isShared ? places.indices.sorted { places[$0] < places[$1] } : Array(places.indices)
    tiles = (axis.outputLength + lead + tile * stride - 1) / (tile * stride)
  }

  /// The tiles that cover some outputs.
  func tiles(covering outputs: Range<Int>) -> Range<Int> {
    (outputs.lowerBound + lead) / length..<(outputs.upperBound + lead + length - 1) / length
  }

  /// The samples that these tiles read; what lies outside of the picture is left out.
  func needed(_ outputs: Range<Int>) -> Range<Int> {
    guard !outputs.isEmpty else { return 0..<0 }
    let tiles = tiles(covering: outputs)
    let first = tiles.lowerBound * tile + anchors.min()!
    let end = (tiles.upperBound - 1) * tile + anchors.max()! + points
    let clampedEnd = min(max(end, 0), inputLength)
    return min(max(first, 0), clampedEnd)..<clampedEnd
  }
}
