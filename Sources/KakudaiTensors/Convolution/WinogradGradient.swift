import CKakudaiKernels

/// The gradient of a weight by Winograd's filtering turned around: as outputs are `Aᵀ[(G w Gᵀ) ⊙ (Bᵀ x B)]A`, the gradient is
/// `Gᵀ[Σ (A y Aᵀ) ⊙ (Bᵀ x B)]G`, the sum running over all tiles of 4 × 4 coarse samples y and what they meet of the fine ones, x.
/// Each phase of the fine samples is a set of channels of its own.
///
/// Tiles are summed in their order, in chunks that follow from the shapes alone; threads divide channels and points. NaN and
/// infinity make some sum of their channels not finite, and then the gradient is computed directly.
struct WinogradGradient {
  let extents: ConvolutionExtents
  let vertical: WinogradGradientAxis
  let horizontal: WinogradGradientAxis
  private let kernels: Kernels
  /// Blocks of channels of one group, as wide as a vector.
  let coarseBlocks: Int
  let fineBlocks: Int
  /// Tiles that are transformed before they are multiplied.
  private let chunk: Int

  /// - Returns: `nil` for what has no such algorithm.
  init?(_ extents: ConvolutionExtents, kernels: Kernels) {
    guard let vertical = WinogradGradientAxis(extents.vertical),
      let horizontal = WinogradGradientAxis(extents.horizontal), vertical.taps == horizontal.taps,
      vertical.stride == horizontal.stride, extents.batch > 0
    else { return nil }
    (self.extents, self.vertical, self.horizontal, self.kernels) = (extents, vertical, horizontal, kernels)
    coarseBlocks = (extents.coarseChannelsPerGroup + kernels.lanes - 1) / kernels.lanes
    fineBlocks = (extents.fineChannelsPerGroup + kernels.lanes - 1) / kernels.lanes
    // Transformed tiles stay in the caches, but where sums do not fit there, they should seldom be taken up again.
    let area = vertical.points * vertical.points
    let phases = vertical.phases.count * horizontal.phases.count
    let bytesPerTile = 4 * kernels.lanes * area * (coarseBlocks + phases * fineBlocks)
    let sumBytes = 4 * kernels.lanes * kernels.lanes * area * coarseBlocks * phases * fineBlocks
    chunk = max(max(32, 1_572_864 / bytesPerTile), min(sumBytes > 2 << 20 ? 256 : 0, (96 << 20) / bytesPerTile))
  }

  var tiles: Int { extents.batch * vertical.tiles * horizontal.tiles }
  var chunks: Int { (tiles + chunk - 1) / chunk }
  var phases: Int { vertical.phases.count * horizontal.phases.count }
  var area: Int { vertical.points * vertical.points }

  /// Floats of the sums of one group.
  var sumCount: Int { phases * area * sumStride }

  /// From one point to the next: an odd number of cache lines, so that they do not all fall into the same cache set.
  private var sumStride: Int { (fineBlocks * coarseBlocks * kernels.lanes * kernels.lanes / 16 | 1) * 16 }

  /// Tiles that lie in one row of one image, and the place of the first in its chunk.
  private struct Run {
    var image: Int
    var row: Int
    var columns: Range<Int>
    var place: Int
  }

  private static let mostTilesOfRun = 16

  private func runs(_ tiles: Range<Int>) -> [Run] {
    var runs: [Run] = []
    var tile = tiles.lowerBound
    while tile < tiles.upperBound {
      let (line, column) = tile.quotientAndRemainder(dividingBy: horizontal.tiles)
      let (image, row) = line.quotientAndRemainder(dividingBy: vertical.tiles)
      let count = min(horizontal.tiles - column, tiles.upperBound - tile, Self.mostTilesOfRun)
      runs.append(
        Run(image: image, row: row, columns: column..<column + count, place: tile - tiles.lowerBound))
      tile += count
    }
    return runs
  }

  /// Writes the whole gradient, in parallel.
  ///
  /// - Returns: Whether it is finite; where it is not, it is to be computed directly.
  func compute(coarse: Tensor, fine: Tensor, into gradient: UnsafeMutablePointer<Float>) -> Bool {
    let lanes = kernels.lanes
    let blockStride = min(chunk, tiles) * lanes
    // An odd number of cache lines, so that the points of one tile do not all fall into the same cache set.
    let coarsePoints = Side(blocks: coarseBlocks, blockStride: blockStride, area: area, phases: 1)
    let finePoints = Side(blocks: fineBlocks, blockStride: blockStride, area: area, phases: phases)
    let sums = Storage(count: sumCount)
    var isFinite = true
    for group in 0..<extents.groups {
      for first in stride(from: 0, to: tiles, by: chunk) {
        let count = min(chunk, tiles - first)
        let runs = runs(first..<first + count)
        Parallel.forEach(coarseBlocks + fineBlocks) { blocks in
          transform(
            blocks.clamped(to: 0..<coarseBlocks), of: coarse, isCoarse: true, group: group, runs, to: coarsePoints)
          let fineRange = max(blocks.lowerBound, coarseBlocks)..<max(blocks.upperBound, coarseBlocks)
          transform(
            fineRange.lowerBound - coarseBlocks..<fineRange.upperBound - coarseBlocks, of: fine, isCoarse: false,
            group: group, runs, to: finePoints)
        }
        multiply(coarsePoints, finePoints, tiles: count, continues: first > 0, sums)
      }
      isFinite = finish(sums, group: group, into: gradient) && isFinite
    }
    return isFinite
  }

  /// The transformed samples of one side: [phase][point][block][tile][lane].
  private struct Side {
    let storage: Storage
    let blockStride: Int
    let pointStride: Int
    let phaseStride: Int

    init(blocks: Int, blockStride: Int, area: Int, phases: Int) {
      self.blockStride = blockStride
      pointStride = (blocks * blockStride / 16 + 1 | 1) * 16
      phaseStride = area * pointStride
      storage = Storage(count: phases * phaseStride)
    }
  }

  private func transform(
    _ blocks: Range<Int>, of tensor: Tensor, isCoarse: Bool, group: Int, _ runs: [Run], to side: Side
  ) {
    guard !blocks.isEmpty else { return }
    let perGroup = isCoarse ? extents.coarseChannelsPerGroup : extents.fineChannelsPerGroup
    let (height, width) =
      isCoarse
      ? (vertical.coarseLength, horizontal.coarseLength) : (vertical.fineLength, horizontal.fineLength)
    let stride = isCoarse ? 1 : vertical.stride
    let (rows, columns) = isCoarse ? ([0], [0]) : (vertical.phases.map(\.first), horizontal.phases.map(\.first))
    let firstChannel = blocks.lowerBound * kernels.lanes
    let channels = min(blocks.upperBound * kernels.lanes, perGroup) - firstChannel
    let reach = (isCoarse ? WinogradGradientAxis.tile : vertical.points) * stride
    let mostColumns = min(
      width, (Self.mostTilesOfRun * WinogradGradientAxis.tile * stride + reach + columns.max()! - columns.min()!))
    let mostRows = min(height, reach + rows.max()! - rows.min()!)
    let scratch = Storage(count: (mostRows * mostColumns + kernels.lanes) * kernels.lanes)
    for run in runs {
      let step = WinogradGradientAxis.tile * stride
      let firstRows = rows.flatMap { row in columns.map { _ in row + run.row * step } }
      let firstColumns = rows.flatMap { _ in columns.map { $0 + run.columns.lowerBound * step } }
      firstRows.withUnsafeBufferPointer { firstRows in
        firstColumns.withUnsafeBufferPointer { firstColumns in
          let channel = (run.image * extents.groups + group) * perGroup + firstChannel
          var samples = ck_lane_samples(
            input: tensor.storage.elements + channel * height * width, planeStride: height * width, height: height,
            width: width, planes: channels, firstRows: firstRows.baseAddress, firstColumns: firstColumns.baseAddress,
            phases: firstRows.count, stride: stride, taps: vertical.taps, tileRows: WinogradGradientAxis.tile,
            tiles: run.columns.count, isCoarse: isCoarse ? 1 : 0,
            points: side.storage.elements + blocks.lowerBound * side.blockStride + run.place * kernels.lanes,
            phaseStride: side.phaseStride, pointStride: side.pointStride, blockStride: side.blockStride,
            repeats: 1, repeatStride: 0, repeatPoints: 0, scratch: scratch.elements)
          kernels.table.pointee.winograd.transformLanes(&samples)
        }
      }
    }
    withExtendedLifetime(tensor) {}
  }

  private func multiply(_ coarse: Side, _ fine: Side, tiles: Int, continues: Bool, _ sums: Storage) {
    Parallel.forEach(area * phases) { range in
      for index in range {
        let (point, phase) = index.quotientAndRemainder(dividingBy: phases)
        let (row, column) = point.quotientAndRemainder(dividingBy: vertical.points)
        let (y, x) = phase.quotientAndRemainder(dividingBy: horizontal.phases.count)
        guard row < vertical.phases[y].points, column < horizontal.phases[x].points else { continue }
        var products = ck_tile_products(
          left: coarse.storage.elements + point * coarse.pointStride,
          right: fine.storage.elements + phase * fine.phaseStride + point * fine.pointStride,
          leftBlocks: coarseBlocks, rightBlocks: fineBlocks, blockStride: coarse.blockStride, tiles: tiles,
          sums: sums.elements + (phase * area + point) * sumStride, continues: continues ? 1 : 0)
        kernels.table.pointee.winogradGradient.multiply(&products)
      }
    }
  }

  private func finish(_ sums: Storage, group: Int, into gradient: UnsafeMutablePointer<Float>) -> Bool {
    let lanes = kernels.lanes
    let both = vertical.phases.flatMap { row in horizontal.phases.map { (row, $0) } }
    let (rowPoints, columnPoints) = (both.map(\.0.points), both.map(\.1.points))
    let offsets = both.flatMap { rows, columns in
      rows.kernelIndices.flatMap { row in
        columns.kernelIndices.map { column -> Int in
          guard let row, let column else { return .min }  // CK_NOWHERE
          return row * extents.horizontal.kernel + column
        }
      }
    }
    let checks = Storage(count: fineBlocks)
    Parallel.forEach(fineBlocks) { range in
      let scratch = Storage(count: (Int(CK_FINISHED_TOGETHER) * extents.kernelArea + lanes) * lanes)
      for block in range {
        var finishing = ck_tile_sums()
        finishing.sums = UnsafePointer(sums.elements + block * coarseBlocks * lanes * lanes)
        (finishing.phases, finishing.phaseStride, finishing.pointStride) = (phases, area * sumStride, sumStride)
        finishing.lefts = extents.coarseChannelsPerGroup
        finishing.rights = min(lanes, extents.fineChannelsPerGroup - block * lanes)
        (finishing.taps, finishing.area, finishing.scratch) = (vertical.taps, extents.kernelArea, scratch.elements)
        finishing.gradient = gradient + group * extents.weightsPerGroup + block * lanes * extents.kernelArea
        finishing.leftStride = extents.fineChannelsPerGroup * extents.kernelArea
        rowPoints.withUnsafeBufferPointer { rowPoints in
          columnPoints.withUnsafeBufferPointer { columnPoints in
            offsets.withUnsafeBufferPointer { offsets in
              (finishing.rowPoints, finishing.columnPoints) = (rowPoints.baseAddress, columnPoints.baseAddress)
              finishing.offsets = offsets.baseAddress
              kernels.table.pointee.winogradGradient.finish(&finishing)
            }
          }
        }
        checks.elements[block] = finishing.check
      }
    }
    return (0..<checks.count).allSatisfy { checks.elements[$0] == 0 }
  }
}
