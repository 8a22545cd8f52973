import CKakudaiKernels

/// One axis of a weight gradient in tiles of four coarse positions: for each phase of the fine samples, taps that are neighbours.
struct WinogradGradientAxis {
  struct Phase {
    /// The fine sample that the first tap of coarse position 0 meets.
    var first: Int
    /// The kernel index of each tap; `nil` where this phase has fewer taps than others.
    var kernelIndices: [Int?]
    /// Points that do not vanish: that at ∞ belongs to the last tap.
    var points: Int { kernelIndices.count + (kernelIndices.last! == nil ? 2 : 3) }
  }

  static let tile = Int(CK_WINOGRAD_TILE)

  let taps: Int
  let phases: [Phase]
  let stride: Int
  let tiles: Int
  let coarseLength: Int
  let fineLength: Int

  var points: Int { taps + 3 }

  /// - Returns: `nil` where the correlation has no tiles either, or is dilated.
  init?(_ axis: ConvolutionExtents.Axis) {
    guard let correlation = WinogradAxis(.correlation(axis), sharesSamples: false), correlation.phases.count == 1
    else { return nil }
    (taps, tiles, stride) = (correlation.taps, correlation.tiles, axis.stride)
    phases = zip(correlation.inputPhases, correlation.phases[0].kernelIndices).map { phase, kernelIndices in
      Phase(
        first: (correlation.anchors[0].position + phase.start) * axis.stride + phase.index, kernelIndices: kernelIndices
      )
    }
    (coarseLength, fineLength) = (axis.coarseLength, axis.fineLength)
  }
}
