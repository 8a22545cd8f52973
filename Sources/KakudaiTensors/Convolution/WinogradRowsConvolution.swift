import CKakudaiKernels

/// A convolution made ready to be computed by Winograd's algorithm along the vertical axis, whole or in rows.
final class WinogradRowsConvolution: Sendable {
  let plan: WinogradRowsPlan
  private let kernels: Kernels
  private let weight: Tensor
  private let bias: Tensor?
  private let epilogue: ConvolutionEpilogue
  private let packed: Storage
  private let activations: Storage?

  init(
    _ plan: WinogradRowsPlan, weight: Tensor, bias: Tensor?, epilogue: ConvolutionEpilogue, threads: Int,
    kernels: Kernels
  ) {
    (self.plan, self.kernels) = (plan, kernels)
    (self.weight, self.bias, self.epilogue) = (weight, bias, epilogue)
    packed = plan.packed(weight, threads: threads, kernels: kernels)
    activations = epilogue.kernelActivations(ofChannels: 0..<plan.outputChannels)
  }

  /// What one thread needs: the transformed rows of each part and input channel and the products, 384 KB or those of 64
  /// positions.
  final class Scratch {
    fileprivate let points: Storage
    fileprivate let products: Storage
    fileprivate let checks: Storage
    /// From a channel of the transformed rows to the next.
    fileprivate let channelStride: Int
    /// From a point to the next: an odd number of cache lines, so that all points of a sample do not fall into one cache set.
    fileprivate let pointStride: Int
    /// From a line of products to the next.
    fileprivate let productStride: Int
    fileprivate let correlations: RowCorrelations
    /// The places of the products of the first output in each phase at each point.
    fileprivate let places: UnsafeMutableBufferPointer<Int>
    /// Where the samples of each term of short sums stand.
    fileprivate let termOffsets: UnsafeMutableBufferPointer<Int>
    fileprivate let direct: DirectRepetition

    init(_ convolution: WinogradRowsConvolution) {
      let plan = convolution.plan
      direct = DirectRepetition(
        plan.direction, plan.extents, weight: convolution.weight, bias: convolution.bias,
        epilogue: convolution.epilogue, kernels: convolution.kernels)
      channelStride = (plan.mostPositions + plan.horizontal.reach + 47) / 16 * 16 + 16
      pointStride = (plan.parts * plan.inputChannels * channelStride / 16 | 1) * 16
      productStride = plan.mostPositions * plan.horizontal.phases.count + 16
      let linesOfPoint = plan.outputChannels * plan.vertical.phases.count
      points = Storage(count: plan.points * pointStride)
      products = Storage(count: plan.sumsAreShort ? 0 : plan.points * linesOfPoint * productStride)
      termOffsets = .copying(
        (0..<(plan.sumsAreShort ? plan.parts * plan.inputChannels : 0)).flatMap { [channelStride] line in
          plan.horizontal.phases[0].map { line * channelStride + $0.offset - plan.horizontal.smallestOffset }
        })
      checks = Storage(count: plan.outputSize.width + 16)
      let productStride = productStride
      places = .copying(
        plan.vertical.phases.indices.flatMap { phase in
          plan.phases.enumerated().map { point, phases in
            phases.firstIndex(of: phase).map {
              (point * linesOfPoint + $0 * plan.outputChannels) * productStride
            } ?? nowhere
          }
        })
      let correlated = plan.sumsAreShort ? [] : plan.correlations
      let rows = correlated.enumerated().compactMap { [points, products, pointStride, productStride] in
        let (point, correlation) = $0
        return correlation.map {
          RowCorrelations.Row(
            plan: $0, weights: UnsafePointer(convolution.packed.elements + plan.weightStart(point: point)),
            input: UnsafePointer(points.elements + point * pointStride),
            output: products.elements + point * linesOfPoint * productStride)
        }
      }
      correlations = RowCorrelations(rows, inputStride: channelStride, outputStride: productStride)
    }

    deinit {
      places.deallocate()
      termOffsets.deallocate()
    }
  }

  /// Rows and columns of the output of one image; windows hold all channels.
  func compute(
    rows: Range<Int>, columns: Range<Int>, from input: RowWindow, to output: RowWindow, residual: RowWindow?,
    _ scratch: Scratch
  ) {
    for tile in rows.lowerBound / plan.unit..<(rows.upperBound + plan.unit - 1) / plan.unit {
      compute(
        tile: tile, rows: rows, columns: columns, from: input, to: output, residual: residual, streams: false, scratch)
    }
  }

  /// All images, in parallel.
  func compute(_ input: Tensor, residual: Tensor?, threads: Int, shape: Shape) -> Tensor {
    let size = plan.outputSize
    let inputSize = PerAxis(height: plan.vertical.inputLength, width: plan.horizontal.inputLength)
    let addend = epilogue.residual == .none ? nil : residual
    let tiles = (size.height + plan.unit - 1) / plan.unit
    // Threads share whole vectors of positions, as there may be few tiles of rows.
    let pieceWidth = 16 * plan.horizontal.phases.count
    let pieces = (size.width + pieceWidth - 1) / pieceWidth
    return Tensor(shape: shape) { output in
      let source = RowWindow(planes: input.storage.elements, height: inputSize.height, width: inputSize.width)
      let target = RowWindow(planes: output.baseAddress!, height: size.height, width: size.width)
      let added = addend.map { RowWindow(planes: $0.storage.elements, height: size.height, width: size.width) }
      withThreadCount(threads) {
        Parallel.forEach(plan.extents.batch * tiles * pieces) { share in
          let scratch = Scratch(self)
          for task in share.lowerBound / pieces...(share.upperBound - 1) / pieces {
            let (image, tile) = task.quotientAndRemainder(dividingBy: tiles)
            let own = share.clamped(to: task * pieces..<(task + 1) * pieces)
            let first = (own.lowerBound - task * pieces) * pieceWidth
            compute(
              tile: tile, rows: 0..<size.height, columns: first..<min(first + own.count * pieceWidth, size.width),
              from: source.channels(from: image * plan.inputChannels),
              to: target.channels(from: image * plan.outputChannels),
              residual: added?.channels(from: image * plan.outputChannels),
              streams: 4 * shape.elementCount > cachedBytes, scratch)
          }
        }
      }
      withExtendedLifetime((input, residual)) {}
    }
  }

  /// A tile of rows in some columns.
  ///
  /// - Parameter streams: Whether the output is too large for the caches.
  private func compute(
    tile: Int, rows: Range<Int>, columns: Range<Int>, from input: RowWindow, to output: RowWindow,
    residual: RowWindow?, streams: Bool, _ scratch: Scratch
  ) {
    let isFinite = filter(
      tile: tile, rows: rows, columns: columns, from: input, to: output, residual: residual, streams: streams, scratch)
    guard !isFinite else { return }
    for columns in columnsToRepeat(columns, scratch) {
      scratch.direct.compute(
        rows: (tile * plan.unit..<(tile + 1) * plan.unit).clamped(to: rows), columns: columns, from: input, to: output,
        residual: residual)
    }
  }

  /// - Returns: Whether all sums are finite.
  private func filter(
    tile: Int, rows: Range<Int>, columns: Range<Int>, from input: RowWindow, to output: RowWindow,
    residual: RowWindow?, streams: Bool, _ scratch: Scratch
  ) -> Bool {
    let phases = plan.horizontal.phases.count
    let top = tile * plan.tile + plan.vertical.smallestOffset
    // The rows that the next tile is the first to read, where they stand in slower memory.
    let next = (top + plan.rowsPerTile..<top + plan.rowsPerTile + plan.tile).clamped(to: 0..<input.height)
    let isWanted = !next.isEmpty && input.slots >= input.height
    let ys = plan.vertical.phases.indices.flatMap { phase in
      (0..<plan.tile).map { (tile * plan.tile + $0) * plan.vertical.phases.count + phase }
    }
    func offsets(_ window: RowWindow?) -> [Int] {
      ys.map { y in window.map { rows.contains(y) ? $0.offset(row: y) : nowhere } ?? nowhere }
    }
    let inputRows = offsetsOfInput(from: top, input)
    let allOffsets = inputRows + offsets(output) + offsets(residual)
    let epilogue = epilogue.kernelEpilogue(activations: activations)
    return withUnsafePointer(to: epilogue ?? ck_epilogue()) { own in
      var filter = ck_row_filter()
      filter.input = UnsafePointer(input.base)
      (filter.channelStride, filter.columns) = (input.channelStride, input.width)
      (filter.channels, filter.parts, filter.points) = (plan.inputChannels, plan.parts, plan.points)
      filter.wanted = isWanted ? UnsafePointer(input.base) + input.offset(row: next.lowerBound) : nil
      (filter.wantedRowStride, filter.wantedRows) = (input.rowStride, next.count)
      filter.firstColumn = columns.lowerBound / phases + plan.horizontal.smallestOffset
      filter.reach = plan.horizontal.reach
      (filter.width, filter.horizontalPhases) = (columns.count, phases)
      filter.piece = plan.mostPositions
      filter.transformed = scratch.points.elements
      (filter.transformedStride, filter.pointStride) = (scratch.channelStride, scratch.pointStride)
      filter.products = UnsafePointer(scratch.products.elements)
      filter.productStride = scratch.productStride
      (filter.outputs, filter.phases, filter.tileRows) = (plan.outputChannels, plan.vertical.phases.count, plan.tile)
      filter.bias = bias.map { UnsafePointer($0.storage.elements) }
      filter.epilogue = epilogue == nil ? nil : own
      filter.output = output.base + columns.lowerBound
      filter.residual = residual.map { UnsafePointer($0.base) + columns.lowerBound }
      (filter.outputStride, filter.residualStride) = (output.channelStride, residual?.channelStride ?? 0)
      filter.checks = scratch.checks.elements
      filter.streams = streams ? 1 : 0
      filter.places = UnsafePointer(scratch.places.baseAddress)
      filter.terms = scratch.termOffsets.count
      filter.termOffsets = UnsafePointer(scratch.termOffsets.baseAddress)
      filter.termWeights = UnsafePointer(packed.elements)
      let calls = scratch.correlations.calls
      (filter.correlations, filter.correlationCount) = (UnsafePointer(calls.baseAddress), calls.count)
      return allOffsets.withUnsafeBufferPointer { offsets in
        filter.rowOffsets = offsets.baseAddress!
        filter.outputOffsets = offsets.baseAddress! + inputRows.count
        filter.residualOffsets = offsets.baseAddress! + inputRows.count + ys.count
        return kernels.table.pointee.winograd.filterRows(&filter) != 0
      }
    }
  }

  /// Where the rows of each part stand.
  private func offsetsOfInput(from top: Int, _ input: RowWindow) -> [Int] {
    // The last part may need fewer.
    let rows = max(0, top)..<max(0, min(top + plan.rowsPerTile, input.height))
    return (0..<plan.parts).flatMap { part in
      (0..<plan.points).map { point in
        let row = top + part * plan.tapsPerPart + point
        return rows.contains(row) ? input.offset(row: row) : nowhere
      }
    }
  }

  /// Columns with a sum that is not finite, whole groups of phases.
  private func columnsToRepeat(_ columns: Range<Int>, _ scratch: Scratch) -> [Range<Int>] {
    let phases = plan.horizontal.phases.count
    var found: [Range<Int>] = []
    for column in columns where scratch.checks.elements[column - columns.lowerBound] != 0 {
      let first = column / phases * phases
      let group = first..<min(first + phases, columns.upperBound)
      if let last = found.last, last.upperBound >= group.lowerBound {
        found[found.count - 1] = last.lowerBound..<group.upperBound
      } else {
        found.append(group)
      }
    }
    return found
  }
}
