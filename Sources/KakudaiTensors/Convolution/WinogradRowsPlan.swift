import CKakudaiKernels

/// How a correlation of stride 1, or a transposed one, is computed by minimal filtering along the vertical axis alone: eight
/// products in place of 20 for each column of the kernel where it has five rows or phases of five, and four output rows.
///
/// Eight input rows, transformed, are rows at eight points; at each of them a correlation with a kernel of one row computes
/// all horizontal phases, the outputs of all vertical phases being its channels. Its products are transformed back to
/// `tile` rows of each vertical phase. Unlike tiles of both axes, rows need no channels to repay that. Tiles of rows are anchored
/// at the picture's origin, and columns share nothing, so that no cut changes a bit of the result; columns in which a
/// sum is not finite are computed directly.
final class WinogradRowsPlan: Sendable {
  static let points = Int(CK_ROW_POINTS)
  /// The finite points; the last one is ∞.
  static let finitePoints = [0, 0.5, -0.5, 1, -1, 1.5, -1.5]

  let direction: CorrelationPlan.Direction
  let extents: ConvolutionExtents
  let vertical: AxisPhases
  let horizontal: AxisPhases
  let inputChannels: Int
  let outputChannels: Int
  /// Rows that some phase reads for one position.
  let taps: Int
  /// The vertical phases that have products at each point: without its first tap a phase has none at 0, without its last
  /// none at ∞.
  let phases: [[Int]]
  /// The correlation at each point.
  let correlations: [CorrelationPlan]
  /// Horizontal positions that are computed at once: as many as keep the transformed rows in the second-level cache.
  let mostPositions: Int

  /// - Returns: `nil` for what has no such algorithm.
  init?(_ direction: CorrelationPlan.Direction, _ extents: ConvolutionExtents, kernels: Kernels) {
    (vertical, horizontal) = extents.phases(direction)
    (inputChannels, outputChannels) = extents.channelsPerGroup(direction)
    (self.direction, self.extents) = (direction, extents)
    let taps = vertical.reach + 1
    guard extents.groups == 1, vertical.readStride == 1, horizontal.readStride == 1, (3...5).contains(taps),
      vertical.phases.allSatisfy({ !$0.isEmpty }), horizontal.phases.allSatisfy({ !$0.isEmpty })
    else { return nil }
    self.taps = taps
    let first = vertical.smallestOffset
    let offsets = vertical.phases.map { $0.map { $0.offset - first } }
    let phases = (0..<Self.points).map { point in
      offsets.indices.filter {
        (point > 0 || offsets[$0].contains(0)) && (point < Self.points - 1 || offsets[$0].contains(taps - 1))
      }
    }
    self.phases = phases
    var known: [Int: CorrelationPlan] = [:]
    for count in Set(phases.map(\.count)) {
      var rows = extents
      rows.vertical = ConvolutionExtents.Axis(
        coarseLength: 1, fineLength: 1, kernel: 1, stride: 1, dilation: 1, padding: 0)
      rows.batch = 1
      if direction == .transpose { rows.fineChannels *= count }
      known[count] = CorrelationPlan(
        direction, rows, kernels: kernels.table.pointee.convolution, lanes: kernels.lanes, tasks: 1)
    }
    guard known.values.allSatisfy({ $0.margins != nil }) else { return nil }
    correlations = phases.map { known[$0.count]! }
    let cached = max(64, 262_144 / (Self.points * max(1, inputChannels)))
    let strips = (horizontal.positions + cached - 1) / cached
    mostPositions = ((horizontal.positions + strips - 1) / max(1, strips) + 15) / 16 * 16
  }

  /// Positions of each vertical phase in one tile.
  var tile: Int { Self.points + 1 - taps }
  /// Output rows of one tile.
  var unit: Int { tile * vertical.phases.count }
  var outputSize: PerAxis { PerAxis(height: vertical.outputLength, width: horizontal.outputLength) }

  /// The input rows that the tiles of some output rows read; those outside of the picture are left out.
  func needed(_ outputs: Range<Int>) -> Range<Int> {
    guard !outputs.isEmpty else { return 0..<0 }
    let first = outputs.lowerBound / unit * tile + vertical.smallestOffset
    let end = (outputs.upperBound - 1) / unit * tile + vertical.smallestOffset + Self.points
    let clampedEnd = min(max(end, 0), vertical.inputLength)
    return min(max(first, 0), clampedEnd)..<clampedEnd
  }

  /// What takes the taps of a phase to a point.
  private static func factors(point: Int, taps: Int) -> [Double] {
    guard point < finitePoints.count else { return (0..<taps).map { $0 == taps - 1 ? 1 : 0 } }
    let own = finitePoints[point]
    var power = 1.0
    for other in finitePoints where other != own { power /= own - other }
    return (0..<taps).map { _ in
      defer { power *= own }
      return power
    }
  }

  /// The weight of the correlation at each point, in the layout that the direction has, rounded once.
  private func transformed(_ weight: Tensor, point: Int) -> Tensor {
    let columns = extents.horizontal.kernel
    let factors = Self.factors(point: point, taps: taps)
    let plan = correlations[point]
    let source = weight.storage.elements
    let shape: Shape = [plan.extents.coarseChannels, plan.extents.fineChannels, 1, columns]
    let (lines, outer) = (plan.extents.fineChannels, plan.extents.coarseChannels)
    return Tensor(shape: shape) { values in
      var index = 0
      for coarse in 0..<outer {
        for line in 0..<lines {
          let (place, fine) = line.quotientAndRemainder(dividingBy: extents.fineChannels)
          let rows = vertical.phases[phases[point][place]]
          let start = (coarse * extents.fineChannels + fine) * extents.kernelArea
          for column in 0..<columns {
            var sum = 0.0
            for row in rows {
              let value = Double(source[start + row.kernelIndex * columns + column])
              sum += factors[row.offset - vertical.smallestOffset] * value
            }
            values.initializeElement(at: index, to: Float(sum))
            index += 1
          }
        }
      }
      withExtendedLifetime(weight) {}
    }
  }

  /// The packed weights of all points after each other.
  func packed(_ weight: Tensor, threads: Int, kernels: Kernels) -> Storage {
    let key = PackingKey(
      algorithm: .winogradRows, direction: direction, groups: 1, coarseChannels: extents.coarseChannels,
      fineChannels: extents.fineChannels, vertical: .init(extents.vertical), horizontal: .init(extents.horizontal),
      kernels: kernels.name)
    return weight.storage.packing(key) {
      let packed = Storage(count: weightStart(point: Self.points))
      for (point, plan) in correlations.enumerated() {
        let (weights, _) = plan.packed(transformed(weight, point: point), nil, threads: threads, kernels: kernels)
        (packed.elements + weightStart(point: point)).update(from: weights.elements, count: plan.weightCount)
      }
      return packed
    }
  }

  func weightStart(point: Int) -> Int { correlations[..<point].reduce(0) { $0 + $1.weightCount } }
}
