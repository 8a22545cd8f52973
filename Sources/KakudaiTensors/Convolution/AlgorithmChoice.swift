import CKakudaiKernels

#if canImport(Glibc)
import Glibc
#elseif canImport(Darwin)
import Darwin
#endif

/// How a correlation or its transpose is computed.
package enum ConvolutionAlgorithm: String, Sendable, CaseIterable {
  /// By its definition: each sum is taken in one order and rounded as often as it has terms.
  case direct
  /// By minimal filtering, with fewer multiplications and larger errors; see `WinogradPlan`.
  case winograd
  /// The same with channels as the lanes of vectors, in tiles of 4 × 4 outputs and of 2 × 2.
  case winogradChannels
  case winogradSmallTiles
  /// By its definition, with channels as the lanes of vectors; see `SmallMapPlan`.
  case directChannels
  /// The same along the vertical axis alone; see `WinogradRowsPlan`.
  case winogradRows
  /// By its definition, with the elements of the kernel as outputs whose rows overlap; see `OverlapAddPlan`.
  case overlapAdd

  /// What is used wherever it can be, in place of the choice; for tests, and for timings by the environment variable
  /// `KAKUDAI_CONVOLUTION`.
  @TaskLocal package static var forced: ConvolutionAlgorithm? = {
    guard let wanted = getenv("KAKUDAI_CONVOLUTION").map({ String(cString: $0) }) else { return nil }
    guard let algorithm = ConvolutionAlgorithm(rawValue: wanted) else {
      fatalError("KAKUDAI_CONVOLUTION is \(wanted), but the algorithms are \(allCases.map(\.rawValue))")
    }
    return algorithm
  }()
}

extension ConvolutionAlgorithm {
  fileprivate var winogradForm: WinogradPlan.Form? {
    switch self {
    case .direct, .directChannels, .winogradRows, .overlapAdd: nil
    case .winograd: .tiles
    case .winogradChannels: .channels
    case .winogradSmallTiles: .channelsOfSmallTiles
    }
  }
}

/// Which algorithm computes a convolution: the one with the least cost.
///
/// The choice depends on shapes and the instruction set alone, so that neither threads nor bands change a bit of a result.
enum AlgorithmChoice {
  /// The plan where Winograd's algorithm is chosen, else `nil`.
  static func winograd(
    _ direction: CorrelationPlan.Direction, _ extents: ConvolutionExtents, kernels: Kernels
  ) -> WinogradPlan? {
    if let forced = ConvolutionAlgorithm.forced {
      return forced.winogradForm.flatMap { WinogradPlan(direction, extents, form: $0, kernels: kernels) }
    }
    guard let (plan, cost) = leastWinograd(direction, extents, kernels: kernels),
      cost < directCost(extents, lanes: kernels.lanes)
    else { return nil }
    // Rows would have to be held in tiles of six.
    let rows = plan.hasLongRows ? nil : winogradRows(direction, extents, kernels: kernels)
    return rows.map { self.cost(of: $0, lanes: kernels.lanes) < cost } ?? false ? nil : plan
  }

  private static func leastWinograd(
    _ direction: CorrelationPlan.Direction, _ extents: ConvolutionExtents, kernels: Kernels
  ) -> (plan: WinogradPlan, cost: Double)? {
    guard extents.multiplications >= smallest else { return nil }
    let plans = WinogradPlan.Form.allCases.compactMap { form -> (plan: WinogradPlan, cost: Double)? in
      guard let plan = WinogradPlan(direction, extents, form: form, kernels: kernels),
        plan.weightsPerGroup * extents.groups <= mostWeights,
        // Only rows of tiles are written past the caches, and where they fill vectors, they are as fast.
        form == .tiles || 4 * plan.outputCount <= cachedBytes && plan.horizontal.tiles <= kernels.lanes
      else { return nil }
      return (plan, cost(of: plan, lanes: kernels.lanes))
    }
    // The cost of tiles leaves out what the others count for reading weights.
    func comparable(_ choice: (plan: WinogradPlan, cost: Double)) -> Double {
      let isCounted = choice.plan.channelsPerVector > 1
      return choice.cost + (isCounted ? 0 : reading(choice.plan.weightsPerGroup * extents.groups, lanes: kernels.lanes))
    }
    return plans.min { comparable($0) < comparable($1) }
  }

  /// The plan where a small map is computed with channels as lanes, else `nil`; asked before all others.
  static func smallMap(
    _ direction: CorrelationPlan.Direction, _ extents: ConvolutionExtents, kernels: Kernels
  ) -> SmallMapPlan? {
    let forced = ConvolutionAlgorithm.forced
    guard forced == nil || forced == .directChannels, forced != nil || extents.multiplications >= smallestMap,
      let plan = SmallMapPlan(direction, extents, kernels: kernels)
    else { return nil }
    if forced != nil { return plan }
    let reading = reading(plan.weightsPerGroup * extents.groups, lanes: kernels.lanes)
    let products = Double(plan.products) / Double(kernels.lanes)
    let cost = Double(extents.batch) * (products / 0.92 + reading)
    let direct = Double(alignedProducts(direction, extents, lanes: kernels.lanes)) / 0.85 + reading
    let winograd = leastWinograd(direction, extents, kernels: kernels)?.cost ?? .infinity
    let rows = winogradRows(direction, extents, kernels: kernels).map {
      self.cost(of: $0, lanes: kernels.lanes) + self.reading($0.weightCount, lanes: kernels.lanes)
    }
    return cost < min(direct, winograd, rows ?? .infinity) ? plan : nil
  }

  /// Products of vectors of pixels, where narrow rows are joined.
  private static func alignedProducts(
    _ direction: CorrelationPlan.Direction, _ extents: ConvolutionExtents, lanes: Int
  ) -> Int {
    let (rows, columns) = extents.phases(direction)
    let (inputs, outputs) = extents.channelsPerGroup(direction)
    let joined = (rows.positions * columns.positions + lanes - 1) / lanes
    let apart = rows.positions * ((columns.positions + lanes - 1) / lanes)
    let taps = rows.phases.reduce(0) { $0 + $1.count } * columns.phases.reduce(0) { $0 + $1.count }
    return extents.batch * extents.groups * min(joined, apart) * taps * inputs * outputs
  }

  /// The plan where Winograd's algorithm along the vertical axis is chosen, else `nil`; `winograd` is asked before.
  static func winogradRows(
    _ direction: CorrelationPlan.Direction, _ extents: ConvolutionExtents, kernels: Kernels
  ) -> WinogradRowsPlan? {
    let forced = ConvolutionAlgorithm.forced
    guard forced == nil || forced == .winogradRows, forced != nil || extents.multiplications >= smallest,
      let plan = WinogradRowsPlan(direction, extents, kernels: kernels)
    else { return nil }
    if forced == .winogradRows { return plan }
    // What tiles of six save, or of few terms, does not repay holding rows for them.
    guard plan.tile < 6 && !plan.sumsAreShort || !plan.hasLongRows else { return nil }
    // Rows end in vectors that are not full by either algorithm; narrow ones are joined by the direct one.
    let positions = plan.horizontal.positions
    let vectors = (positions + kernels.lanes - 1) / kernels.lanes
    let filled = positions < kernels.lanes ? 1 : Double(positions) / Double(vectors * kernels.lanes)
    // Where the gain is small, the model may err.
    let isLess = cost(of: plan, lanes: kernels.lanes) < 0.95 * directCost(extents, lanes: kernels.lanes) / filled
    return isLess ? plan : nil
  }

  /// The plan where lines that overlap are chosen, else `nil`.
  ///
  /// - Parameters:
  ///   - tiles: What is chosen of the algorithms of tiles, if one is.
  ///   - rows: Likewise of rows at points, where there is no choice of tiles.
  static func overlapAdd(
    _ direction: CorrelationPlan.Direction, _ extents: ConvolutionExtents, insteadOf tiles: WinogradPlan?,
    _ rows: WinogradRowsPlan?, kernels: Kernels
  ) -> OverlapAddPlan? {
    let forced = ConvolutionAlgorithm.forced
    guard forced == nil || forced == .overlapAdd, forced != nil || extents.multiplications >= smallest,
      let plan = OverlapAddPlan(direction, extents)
    else { return nil }
    if forced != nil { return plan }
    // Rows between the parts of a picture are multiplied twice, and those of a wide one are many.
    guard plan.vertical.phases.count * plan.horizontal.phases.count > 1, !extents.readsLongRows(direction) else {
      return nil
    }
    // The models of the others leave out what two phases that alternate cost: with 16 registers their tiles have so few sums that
    // they load as often as they multiply.
    let lanes = kernels.lanes
    let isCrowded = plan.horizontal.phases.count == 2 && kernels.table.pointee.convolution.outputBlock <= 6
    let other =
      if let tiles {
        self.cost(of: tiles, lanes: lanes)
      } else if let rows {
        2 * self.cost(of: rows, lanes: lanes)
      } else {
        (isCrowded ? 2.5 : 1) * directCost(extents, lanes: lanes)
      }
    return cost(of: plan, lanes: lanes) < other ? plan : nil
  }

  /// The algorithm for the gradient of a weight where Winograd's is chosen, else `nil`.
  static func winogradGradient(_ extents: ConvolutionExtents, kernels: Kernels) -> WinogradGradient? {
    let forced = ConvolutionAlgorithm.forced
    guard forced == nil || forced == .winograd, forced != nil || extents.multiplications >= smallest,
      let gradient = WinogradGradient(extents, kernels: kernels)
    else { return nil }
    if forced == .winograd { return gradient }
    guard gradient.sumCount <= mostWeights else { return nil }
    return cost(of: gradient, lanes: kernels.lanes) < directCost(extents, lanes: kernels.lanes) ? gradient : nil
  }

  /// Multiplications below which nothing is worth a choice.
  private static let smallest = 2_000_000
  private static let smallestMap = 500_000

  /// Transformed weights, which stay with their tensor, take 256 MB at most.
  private static let mostWeights = 64 << 20

  // Costs are in multiply-adds of whole vectors, as the measured speeds of the kernels convert them.

  /// Direct kernels run at about 85 % of the limit.
  private static func directCost(_ extents: ConvolutionExtents, lanes: Int) -> Double {
    Double(extents.multiplications) / Double(lanes) / 0.85
  }

  /// What it costs to read a weight, or a vector of them, as those of a whole network do not all stay in the caches.
  static let readingOfWeight = 4
  private static func reading(_ weights: Int, lanes: Int) -> Double {
    Double(readingOfWeight * weights) / Double(lanes)
  }

  /// Products run at 92 %. To transform the samples of a vector of channels of a tile costs as much as 5 multiply-adds for each
  /// point, and to transform products back as much as 11. Where lanes can be tiles as well, the model may err.
  private static func channelsCost(of plan: WinogradPlan, lanes: Int) -> Double {
    let tiles = plan.extents.batch * plan.vertical.tiles * plan.horizontal.tiles
    let transforms = plan.vertical.anchors.count * plan.horizontal.anchors.count * plan.transformedChannels
    let inverses = plan.vertical.phases.count * plan.horizontal.phases.count * plan.outputChannels
    let products = Double(tiles * plan.weightsPerGroup) / 0.92
    let vectors = (products + Double(tiles * plan.pointsOfTile * (5 * transforms + 11 * inverses))) / Double(lanes)
    return 1.03 * Double(plan.extents.groups) * (vectors + reading(plan.weightsPerGroup, lanes: lanes))
  }

  /// Products run at 92 %. To transform the samples of a vector of tiles, of one channel, costs as much as 16 multiply-adds for
  /// each point, and to transform products back as much as 13; each row of tiles costs 250 and 200 besides, unless lanes are
  /// images.
  private static func cost(of plan: WinogradPlan, lanes: Int) -> Double {
    guard plan.channelsPerVector == 1 else { return channelsCost(of: plan, lanes: lanes) }
    let images = plan.imagesPerVector(lanes: lanes)
    let rows = (plan.extents.batch + images - 1) / images * plan.extents.groups * plan.vertical.tiles
    let vectors = (rows * images * plan.horizontal.tiles + lanes - 1) / lanes
    let area = plan.pointsOfTile
    let transforms = plan.vertical.anchors.count * plan.horizontal.anchors.count * plan.transformedChannels
    let inverses = plan.vertical.phases.count * plan.horizontal.phases.count * plan.outputChannels
    let perRow = images > 1 ? 0 : 250 * transforms + 200 * inverses
    return Double(vectors) * (Double(plan.weightsPerGroup) / 0.92 + Double(area * (16 * transforms + 13 * inverses)))
      + Double(rows * perRow)
  }

  /// Products run at 92 %. To transform a vector of the rows of one channel costs as much as 50 multiply-adds for eight points, a sum
  /// of products that is stored and taken up again 16, each row of a point 800 besides. Where sums are short, products run at 85 %,
  /// and to make the rows of an output of all of its sums costs 40, and for each tile 40 besides.
  private static func cost(of plan: WinogradRowsPlan, lanes: Int) -> Double {
    let tiles = plan.extents.batch * ((plan.outputSize.height + plan.unit - 1) / plan.unit)
    let vectors = tiles * ((plan.horizontal.positions + lanes - 1) / lanes)
    let transforms = plan.parts * plan.inputChannels
    guard !plan.sumsAreShort else {
      let products = Double(plan.terms * plan.points * plan.outputChannels)
      return Double(vectors) * (products / 0.85 + Double(50 * transforms + 40 * plan.outputChannels))
        + Double(40 * tiles * plan.outputChannels)
    }
    let lines = plan.phases.map { $0.count * plan.outputChannels }
    let terms = lines.enumerated().reduce(0) { $0 + $1.element * plan.parts(point: $1.offset) } * plan.inputChannels
    let products = terms * plan.extents.horizontal.kernel
    let stored = lines.reduce(0, +) * plan.horizontal.phases.count
    return Double(vectors) * (Double(products) / 0.92 + Double(50 * plan.points * transforms / 8 + 16 * stored))
      + Double(tiles * plan.points * 800)
  }

  /// Products run at 88 %. A vector of a line that is stored and added costs as much as 28 multiply-adds, and a row of an output
  /// 500 besides; a tenth of all is for what is computed twice.
  private static func cost(of plan: OverlapAddPlan, lanes: Int) -> Double {
    let vectors = plan.vertical.inputLength * ((plan.horizontal.inputLength + lanes - 1) / lanes)
    let rows = plan.outputSize.height * plan.outputChannels
    let lines = Double(plan.lines) * (Double(plan.inputChannels) / 0.88 + 28)
    return 1.1 * Double(plan.extents.batch) * (Double(vectors) * lines + Double(500 * rows))
  }

  /// Products run at 85 %. To transform the samples of a tile, of one vector of channels, costs as much as 12 multiply-adds for
  /// each point, and to transform a vector of sums back 6; sums cost 2 more for each chunk, 15 where
  /// they leave the second-level cache, and 30 where they leave all.
  private static func cost(of gradient: WinogradGradient, lanes: Int) -> Double {
    let samples = gradient.coarseBlocks + gradient.phases * gradient.fineBlocks
    let sums = gradient.sumCount / lanes
    let bytes = 4 * gradient.sumCount
    let passing = bytes > 16 << 20 ? 30 : bytes > 2 << 20 ? 15 : 2
    let cost =
      Double(gradient.tiles * sums) / 0.85 + Double(gradient.tiles * samples * gradient.area * 12)
      + Double(sums * (6 + passing * gradient.chunks))
    return cost * Double(gradient.extents.groups)
  }
}
