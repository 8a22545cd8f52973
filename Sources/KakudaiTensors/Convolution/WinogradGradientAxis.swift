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

  /// - Returns: `nil` where some phase does not have neighbouring samples for its taps, or not two or three.
  init?(_ axis: ConvolutionExtents.Axis) {
    let correlation = AxisPhases.correlation(axis)
    let sorted = correlation.inputPhases.map { phase in
      correlation.phases[0].filter { $0.inputPhase == phase }.sorted { $0.offset < $1.offset }
    }
    let taps = sorted.map(\.count).max() ?? 0
    guard (2...3).contains(taps), sorted.allSatisfy({ $0.last!.offset - $0[0].offset == $0.count - 1 }) else {
      return nil
    }
    self.taps = taps
    phases = sorted.map { phase in
      Phase(
        first: phase[0].offset * axis.stride + phase[0].inputPhase,
        kernelIndices: (0..<taps).map { $0 < phase.count ? phase[$0].kernelIndex : nil })
    }
    stride = axis.stride
    tiles = (axis.coarseLength + Self.tile - 1) / Self.tile
    (coarseLength, fineLength) = (axis.coarseLength, axis.fineLength)
  }
}
