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

  /// What one thread needs: eight transformed rows of each part and input channel, 384 KB or those of 64 positions, and the
  /// products.
  final class Scratch {
    fileprivate let points: Storage
    fileprivate let products: Storage
    fileprivate let checks: Storage
    fileprivate let correlations: [CorrelationPlan.Scratch?]
    fileprivate let rowLength: Int
    /// From a channel of the transformed rows to the next.
    fileprivate let channelStride: Int
    /// From a point to the next: an odd number of cache lines, so that all points of a sample do not fall into one cache set.
    fileprivate let pointStride: Int
    fileprivate let productLength: Int
    fileprivate let lines: Int
    fileprivate let direct: DirectRepetition

    init(_ convolution: WinogradRowsConvolution) {
      let plan = convolution.plan
      direct = DirectRepetition(
        plan.direction, plan.extents, weight: convolution.weight, bias: convolution.bias,
        epilogue: convolution.epilogue, kernels: convolution.kernels)
      rowLength = (plan.mostPositions + plan.horizontal.reach + 47) / 16 * 16
      productLength = plan.mostPositions * plan.horizontal.phases.count + 16
      lines = plan.outputChannels * plan.vertical.phases.count
      channelStride = rowLength + 16
      pointStride = (plan.parts * plan.inputChannels * channelStride / 16 | 1) * 16
      points = Storage(count: WinogradRowsPlan.points * pointStride)
      products = Storage(count: WinogradRowsPlan.points * lines * productLength)
      checks = Storage(count: productLength)
      correlations = plan.correlations.map { $0.map { CorrelationPlan.Scratch($0) } }
    }
  }

  /// Rows and columns of the output of one image; windows hold all channels.
  func compute(
    rows: Range<Int>, columns: Range<Int>, from input: RowWindow, to output: RowWindow, residual: RowWindow?,
    _ scratch: Scratch
  ) {
    let step = plan.mostPositions * plan.horizontal.phases.count
    for first in stride(from: columns.lowerBound, to: columns.upperBound, by: step) {
      for tile in rows.lowerBound / plan.unit..<(rows.upperBound + plan.unit - 1) / plan.unit {
        compute(
          tile: tile, rows: rows, columns: first..<min(first + step, columns.upperBound), from: input, to: output,
          residual: residual, streams: false, scratch)
      }
    }
  }

  /// All images, in parallel.
  func compute(_ input: Tensor, residual: Tensor?, threads: Int, shape: Shape) -> Tensor {
    let size = plan.outputSize
    let inputSize = PerAxis(height: plan.vertical.inputLength, width: plan.horizontal.inputLength)
    let addend = epilogue.residual == .none ? nil : residual
    let images = plan.extents.batch
    let step = plan.mostPositions * plan.horizontal.phases.count
    let (tiles, strips) = ((size.height + plan.unit - 1) / plan.unit, (size.width + step - 1) / step)
    // Threads share whole vectors of positions, as there may be few tiles of rows.
    let pieceWidth = 16 * plan.horizontal.phases.count
    let pieces = (min(step, size.width) + pieceWidth - 1) / pieceWidth
    return Tensor(shape: shape) { output in
      let source = RowWindow(planes: input.storage.elements, height: inputSize.height, width: inputSize.width)
      let target = RowWindow(planes: output.baseAddress!, height: size.height, width: size.width)
      let added = addend.map { RowWindow(planes: $0.storage.elements, height: size.height, width: size.width) }
      withThreadCount(threads) {
        Parallel.forEach(images * strips * tiles * pieces) { share in
          let scratch = Scratch(self)
          for task in share.lowerBound / pieces...(share.upperBound - 1) / pieces {
            let (rest, tile) = task.quotientAndRemainder(dividingBy: tiles)
            let (image, strip) = rest.quotientAndRemainder(dividingBy: strips)
            let own = share.clamped(to: task * pieces..<(task + 1) * pieces)
            let first = strip * step - task * pieces * pieceWidth
            let columns = (first + own.lowerBound * pieceWidth..<first + own.upperBound * pieceWidth)
              .clamped(to: 0..<size.width)
            guard !columns.isEmpty else { continue }
            compute(
              tile: tile, rows: 0..<size.height, columns: columns,
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

  /// A tile of rows in one strip of columns.
  ///
  /// - Parameter streams: Whether the output is too large for the caches.
  private func compute(
    tile: Int, rows: Range<Int>, columns: Range<Int>, from input: RowWindow, to output: RowWindow,
    residual: RowWindow?, streams: Bool, _ scratch: Scratch
  ) {
    let phases = plan.horizontal.phases.count
    let positions = columns.lowerBound / phases..<(columns.upperBound - 1) / phases + 1
    let begin = positions.lowerBound + plan.horizontal.smallestOffset
    // Whole vectors, where the picture begins with one.
    let first = floorDivide(begin, 16) * 16
    let end = positions.upperBound + plan.horizontal.smallestOffset + plan.horizontal.reach
    let top = tile * plan.tile + plan.vertical.smallestOffset
    for part in 0..<plan.parts { transform(part: part, top: top, columns: first..<end, from: input, scratch) }
    var wanted = input
    wanted.base += positions.lowerBound
    for (point, correlation) in plan.correlations.enumerated() {
      guard let correlation, let memory = scratch.correlations[point] else { continue }
      let operands = CorrelationPlan.Operands(
        packedWeights: UnsafePointer(packed.elements + plan.weightStart(point: point)), packedBiases: nil,
        epilogue: nil, streams: false, kernels: kernels.table.pointee.convolution)
      let source = RowWindow(
        base: scratch.points.elements + point * scratch.pointStride - first, channelStride: scratch.channelStride,
        rowStride: scratch.rowLength, slots: 1, height: 1, width: plan.horizontal.inputLength,
        zeros: RowWindow.Zeros(left: .max, right: .max, row: 0))
      let target = RowWindow(
        base: products(point: point, scratch) - columns.lowerBound, channelStride: scratch.productLength,
        rowStride: scratch.productLength, slots: 1, height: 1, width: plan.outputSize.width)
      let piece = CorrelationPlan.Piece(
        group: 0, rows: 0..<1, columns: columns, chunks: correlation.chunks.indices, residual: nil)
      // The rows that the next tile is the first to read.
      let next = top + plan.rowsPerTile + point
      let isWanted = point < plan.tile && next < input.height && input.slots >= input.height && next >= 0
      correlation.run(
        piece, operands, from: source, to: target,
        wanted: isWanted
          ? CorrelationPlan.Wanted(window: wanted, channels: plan.inputChannels, rows: next..<next + 1) : nil,
        memory)
    }
    combine(tile: tile, rows: rows, columns: columns, to: output, residual: residual, streams: streams, scratch)
    for columns in columnsToRepeat(columns, scratch) {
      scratch.direct.compute(
        rows: (tile * plan.unit..<(tile + 1) * plan.unit).clamped(to: rows), columns: columns, from: input, to: output,
        residual: residual)
    }
  }

  private func products(point: Int, _ scratch: Scratch) -> UnsafeMutablePointer<Float> {
    scratch.products.elements + point * scratch.lines * scratch.productLength
  }

  private func transform(part: Int, top: Int, columns: Range<Int>, from input: RowWindow, _ scratch: Scratch) {
    // The last part may need fewer than eight.
    let rows = (max(0, top)..<max(0, min(top + plan.rowsPerTile, input.height)))
    let first = top + part * plan.tapsPerPart
    let offsets = (first..<first + WinogradRowsPlan.points).map {
      rows.contains($0) ? input.offset(row: $0) : .min  // CK_NOWHERE
    }
    offsets.withUnsafeBufferPointer { offsets in
      var transform = ck_rows_to_points(
        input: input.base, channelStride: input.channelStride, channels: plan.inputChannels,
        rowOffsets: offsets.baseAddress, first: columns.lowerBound, end: columns.upperBound, columns: input.width,
        transformed: scratch.points.elements + part * plan.inputChannels * scratch.channelStride,
        transformedStride: scratch.channelStride, pointStride: scratch.pointStride)
      kernels.table.pointee.winograd.transformRows(&transform)
    }
  }

  private func combine(
    tile: Int, rows: Range<Int>, columns: Range<Int>, to output: RowWindow, residual: RowWindow?, streams: Bool,
    _ scratch: Scratch
  ) {
    scratch.checks.elements.update(repeating: 0, count: scratch.checks.count)
    let phases = plan.vertical.phases.count
    let epilogue = epilogue.kernelEpilogue(activations: activations)
    for phase in 0..<phases {
      for channel in 0..<plan.outputChannels {
        let products = (0..<WinogradRowsPlan.points).map { point in
          plan.phases[point].firstIndex(of: phase).map {
            UnsafePointer(
              self.products(point: point, scratch) + ($0 * plan.outputChannels + channel) * scratch.productLength)
          }
        }
        let ys = (0..<plan.tile).map { (tile * plan.tile + $0) * phases + phase }
        let outputs = ys.map { rows.contains($0) ? output.row($0, channel: channel) + columns.lowerBound : nil }
        let residuals = ys.map { y -> UnsafePointer<Float>? in
          guard let residual, rows.contains(y) else { return nil }
          return UnsafePointer(residual.row(y, channel: channel) + columns.lowerBound)
        }
        withUnsafePointer(to: epilogue?.fromOutput(channel) ?? ck_epilogue()) { own in
          products.withUnsafeBufferPointer { products in
            outputs.withUnsafeBufferPointer { outputs in
              residuals.withUnsafeBufferPointer { residuals in
                var combining = ck_rows_from_points(
                  products: products.baseAddress, rows: plan.tile, count: columns.count,
                  bias: bias.map { $0.storage.elements[channel] } ?? 0, epilogue: epilogue == nil ? nil : own,
                  outputs: outputs.baseAddress, residuals: residuals.baseAddress, checks: scratch.checks.elements,
                  streams: streams ? 1 : 0)
                kernels.table.pointee.winograd.combineRows(&combining)
              }
            }
          }
        }
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
