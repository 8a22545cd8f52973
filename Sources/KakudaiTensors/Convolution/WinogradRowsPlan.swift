import CKakudaiKernels

/// How a correlation of stride 1, or a transposed one, is computed by minimal filtering along the vertical axis alone: ten
/// products in place of 30 for each column of the kernel where it has five rows or phases of five, and six output rows.
///
/// Eight or ten input rows, transformed, are rows at as many points; at each of them a correlation with a kernel of one row
/// computes all horizontal phases, the outputs of all vertical phases being its channels. Its products are transformed back to
/// `tile` rows of each vertical phase. Unlike tiles of both axes, rows need no channels to repay that. Taller kernels are cut
/// into parts of three to five taps, each with rows of its own, whose products are summed at the points: to the correlation
/// they are channels. Tiles of rows are anchored at the picture's origin, and columns share nothing, so that no cut changes a bit
/// of the result; columns in which a sum is not finite are computed directly.
final class WinogradRowsPlan: Sendable {
  private static let mostShortTerms = 20

  let direction: CorrelationPlan.Direction
  let extents: ConvolutionExtents
  let vertical: AxisPhases
  let horizontal: AxisPhases
  let inputChannels: Int
  let outputChannels: Int
  /// Rows that the phases read for one position.
  let taps: Int
  /// Of each part; the last one may have fewer.
  let tapsPerPart: Int
  /// Eight, or ten where parts have five taps; the last one is ∞.
  let points: Int
  /// The vertical phases that have products at each point: without the first tap of a part a phase has none at 0, without the
  /// last none at ∞.
  let phases: [[Int]]
  /// The correlation at each point; `nil` where no phase has products, as at ∞ where two taps are computed as three.
  let correlations: [CorrelationPlan?]
  /// Of a sum at a point: a column of the kernel of each part of each input channel.
  let terms: Int
  /// Whether sums of some outputs at all points are computed in registers, where there is one phase: where they have few
  /// terms, that takes less time than that products pass through memory.
  let sumsAreShort: Bool
  /// Horizontal positions that are computed at once: as many as keep transformed rows and products in the second-level cache.
  let mostPositions: Int

  /// - Returns: `nil` for what has no such algorithm.
  init?(_ direction: CorrelationPlan.Direction, _ extents: ConvolutionExtents, kernels: Kernels) {
    (vertical, horizontal) = extents.phases(direction)
    (inputChannels, outputChannels) = extents.channelsPerGroup(direction)
    (self.direction, self.extents) = (direction, extents)
    let taps = vertical.reach + 1
    guard extents.groups == 1, vertical.readStride == 1, horizontal.readStride == 1, taps >= 2,
      vertical.phases.allSatisfy({ !$0.isEmpty }), horizontal.phases.allSatisfy({ !$0.isEmpty })
    else { return nil }
    // Errors of ten points come near the bound that tests hold where sums have few terms, at all edges of a small picture.
    let sumsAreLong =
      inputChannels * horizontal.phases[0].count > Self.mostShortTerms && vertical.inputLength >= taps
      && horizontal.inputLength > horizontal.reach
    let (points, tapsPerPart) = Self.pointsAndTapsPerPart(
      of: taps, positions: vertical.positions, mayBeTen: sumsAreLong && !extents.readsLongRows(direction))
    (self.taps, self.points, self.tapsPerPart) = (taps, points, tapsPerPart)
    let first = vertical.smallestOffset
    let offsets = vertical.phases.map { Set($0.map { ($0.offset - first) % tapsPerPart }) }
    phases = (0..<points).map { point in
      offsets.indices.filter {
        (point > 0 || offsets[$0].contains(0)) && (point < points - 1 || offsets[$0].contains(tapsPerPart - 1))
      }
    }
    // Most points have as many products.
    var known: [[Int]: CorrelationPlan] = [:]
    correlations = phases.enumerated().map { point, phases in
      guard !phases.isEmpty else { return nil }
      let parts = Self.parts(of: taps, tapsPerPart: tapsPerPart, isLast: point == points - 1)
      if let plan = known[[parts, phases.count]] { return plan }
      var rows = extents
      rows.vertical = ConvolutionExtents.Axis(
        coarseLength: 1, fineLength: 1, kernel: 1, stride: 1, dilation: 1, padding: 0)
      rows.batch = 1
      switch direction {
      case .correlation: rows.fineChannels *= parts
      case .transpose:
        rows.coarseChannels *= parts
        rows.fineChannels *= phases.count
      }
      let plan = CorrelationPlan(
        direction, rows, kernels: kernels.table.pointee.convolution, lanes: kernels.lanes, tasks: 1)
      known[[parts, phases.count]] = plan
      return plan
    }
    guard correlations.allSatisfy({ $0 == nil || $0!.margins != nil }) else { return nil }
    let rows = inputChannels * Self.parts(of: taps, tapsPerPart: tapsPerPart, isLast: false)
    terms = rows * horizontal.phases[0].count
    sumsAreShort = vertical.phases.count * horizontal.phases.count == 1 && terms <= Self.mostShortTerms
    let products = sumsAreShort ? 0 : outputChannels * vertical.phases.count * horizontal.phases.count
    let cached = max(64, floatsOfSmallCache / (points * max(1, rows + products)))
    let strips = (horizontal.positions + cached - 1) / cached
    mostPositions = ((horizontal.positions + strips - 1) / max(1, strips) + 15) / 16 * 16
  }

  /// Those with which the tiles of one column take the fewest products.
  private static func pointsAndTapsPerPart(of taps: Int, positions: Int, mayBeTen: Bool) -> (Int, Int) {
    func products(_ points: Int, _ tapsPerPart: Int) -> Int {
      let tile = points + 1 - tapsPerPart
      let parts = (0..<points).map { Self.parts(of: taps, tapsPerPart: tapsPerPart, isLast: $0 == points - 1) }
      return (positions + tile - 1) / tile * parts.reduce(0, +)
    }
    let (eight, ten) = (Int(CK_ROW_POINTS), Int(CK_MOST_ROW_POINTS))
    let known = (mayBeTen ? [(ten, 5)] : []) + [(eight, 5), (eight, 4), (eight, 3)]
    return known.min { products($0.0, $0.1) < products($1.0, $1.1) }!
  }

  /// The parts that have products at a point: at ∞, the last one, those with all their taps.
  private static func parts(of taps: Int, tapsPerPart: Int, isLast: Bool) -> Int {
    isLast ? taps / tapsPerPart : (taps + tapsPerPart - 1) / tapsPerPart
  }

  /// The parts that have products at a point.
  func parts(point: Int) -> Int { Self.parts(of: taps, tapsPerPart: tapsPerPart, isLast: point == points - 1) }

  var parts: Int { parts(point: 0) }
  /// Whether every row that is held takes much memory: of the input, or, where it has few channels, of the output, which may
  /// pass between two layers without being held.
  var hasLongRows: Bool {
    sumsAreShort
      ? outputChannels * horizontal.outputLength >= 2 * WinogradPlan.longestRow
      : extents.readsLongRows(direction)
  }
  /// Positions of each vertical phase in one tile.
  var tile: Int { points + 1 - tapsPerPart }
  /// The input rows that one tile reads.
  var rowsPerTile: Int { tile + taps - 1 }
  /// Output rows of one tile.
  var unit: Int { tile * vertical.phases.count }
  var outputSize: PerAxis { PerAxis(height: vertical.outputLength, width: horizontal.outputLength) }

  /// The input rows that the tiles of some output rows read; those outside of the picture are left out.
  func needed(_ outputs: Range<Int>) -> Range<Int> {
    guard !outputs.isEmpty else { return 0..<0 }
    let first = outputs.lowerBound / unit * tile + vertical.smallestOffset
    let end = (outputs.upperBound - 1) / unit * tile + vertical.smallestOffset + rowsPerTile
    let clampedEnd = min(max(end, 0), vertical.inputLength)
    return min(max(first, 0), clampedEnd)..<clampedEnd
  }

  /// What takes the taps of a phase to a point.
  private func factors(point: Int, taps: Int) -> [Double] {
    guard point < points - 1 else { return (0..<taps).map { $0 == taps - 1 ? 1 : 0 } }
    let finitePoints = (0..<points - 1).map { ck_row_point(points, $0) }
    let own = finitePoints[point]
    var power = 1.0
    for other in finitePoints where other != own { power /= own - other }
    return (0..<taps).map { _ in
      defer { power *= own }
      return power
    }
  }

  /// The weight of the correlation at each point, in the layout that the direction has, rounded once.
  private func transformed(_ weight: Tensor, _ plan: CorrelationPlan, point: Int) -> Tensor {
    let columns = extents.horizontal.kernel
    let factors = factors(point: point, taps: tapsPerPart)
    let source = weight.storage.elements
    let shape: Shape = [plan.extents.coarseChannels, plan.extents.fineChannels, 1, columns]
    let (lines, outer) = (plan.extents.fineChannels, plan.extents.coarseChannels)
    return Tensor(shape: shape) { values in
      var index = 0
      for coarse in 0..<outer {
        for line in 0..<lines {
          let (coarsePlace, coarse) = coarse.quotientAndRemainder(dividingBy: extents.coarseChannels)
          let (finePlace, fine) = line.quotientAndRemainder(dividingBy: extents.fineChannels)
          // Inputs are those of all parts, outputs those of all phases.
          let (part, place) = direction == .correlation ? (finePlace, 0) : (coarsePlace, finePlace)
          let rows = vertical.phases[phases[point][place]]
          let first = vertical.smallestOffset + part * tapsPerPart
          let start = (coarse * extents.fineChannels + fine) * extents.kernelArea
          for column in 0..<columns {
            var sum = 0.0
            for row in rows where (first..<first + tapsPerPart).contains(row.offset) {
              let value = Double(source[start + row.kernelIndex * columns + column])
              sum += factors[row.offset - first] * value
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
    weight.storage.packing(PackingKey(.winogradRows, direction, extents, kernels: kernels)) {
      if sumsAreShort { return packedTerms(weight) }
      let packed = Storage(count: weightCount)
      for (point, plan) in correlations.enumerated() {
        guard let plan else { continue }
        let (weights, _) = plan.packed(
          transformed(weight, plan, point: point), nil, threads: threads, kernels: kernels)
        (packed.elements + weightStart(point: point)).update(from: weights.elements, count: plan.weightCount)
      }
      return packed
    }
  }

  /// The weights of short sums: those of some outputs after each other, for each of them all terms at all points.
  private func packedTerms(_ weight: Tensor) -> Storage {
    let packed = Storage(count: terms * points * outputChannels)
    let (columns, taps) = (extents.horizontal.kernel, horizontal.phases[0])
    let outputsAtOnce = Int(CK_SHORT_OUTPUTS)
    for (point, plan) in correlations.enumerated() {
      let weights = plan.map { transformed(weight, $0, point: point) }
      let lines = inputChannels * parts(point: point)
      for output in 0..<outputChannels {
        let first = output / outputsAtOnce * outputsAtOnce
        let outputs = min(outputsAtOnce, outputChannels - first)
        for term in 0..<terms {
          let (line, tap) = term.quotientAndRemainder(dividingBy: taps.count)
          let pair = direction == .correlation ? output * lines + line : line * outputChannels + output
          packed.elements[first * terms * points + (term * points + point) * outputs + output - first] =
            line < lines ? weights?.storage.elements[pair * columns + taps[tap].kernelIndex] ?? 0 : 0
        }
      }
    }
    return packed
  }

  /// Transformed weights.
  var weightCount: Int { weightStart(point: points) }

  func weightStart(point: Int) -> Int { correlations[..<point].reduce(0) { $0 + ($1?.weightCount ?? 0) } }
}
