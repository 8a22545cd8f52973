import CKakudaiKernels
import Synchronization

/// A convolution made ready to be computed by Winograd's algorithm, whole or in rows.
final class WinogradConvolution: Sendable {
  let plan: WinogradPlan
  private let kernels: Kernels
  private let weight: Tensor
  private let bias: Tensor?
  private let epilogue: ConvolutionEpilogue
  private let packed: Storage
  private let activations: Storage?

  /// What `compute` for whole batches uses.
  private var imagesPerVector: Int { plan.imagesPerVector(lanes: kernels.lanes) }

  init(
    _ plan: WinogradPlan, weight: Tensor, bias: Tensor?, epilogue: ConvolutionEpilogue, threads: Int, kernels: Kernels
  ) {
    self.plan = plan
    self.kernels = kernels
    (self.weight, self.bias, self.epilogue) = (weight, bias, epilogue)
    packed = plan.packed(weight, threads: threads, kernels: kernels)
    activations = epilogue.kernelActivations(ofChannels: 0..<plan.outputChannels * plan.extents.groups)
  }

  /// What one thread needs.
  final class Scratch {
    fileprivate let winograd: WinogradPlan.Scratch
    fileprivate let direct: DirectRepetition

    convenience init(_ convolution: WinogradConvolution) { self.init(convolution, imagesPerVector: 1) }

    fileprivate init(_ convolution: WinogradConvolution, imagesPerVector: Int) {
      winograd = WinogradPlan.Scratch(
        convolution.plan, imagesPerVector: imagesPerVector, lanes: convolution.kernels.lanes)
      direct = DirectRepetition(
        convolution.plan.direction, convolution.plan.extents, weight: convolution.weight, bias: convolution.bias,
        epilogue: convolution.epilogue, kernels: convolution.kernels)
    }
  }

  /// Rows and columns of the output of one image; windows hold all channels.
  func compute(
    rows: Range<Int>, columns: Range<Int>, from input: RowWindow, to output: RowWindow, residual: RowWindow?,
    _ scratch: Scratch
  ) {
    let region = WinogradPlan.Region(plan, images: 1, rows: rows, columns: columns)
    let copy =
      plan.channelsPerVector == 1 || input.isContiguous
      ? nil
      : input.copied(
        plan.vertical.needed(rows), plan.horizontal.needed(columns),
        channels: plan.extents.groups * plan.inputChannels, lanes: kernels.lanes)
    let operands = operands(from: copy?.window ?? input, to: output, residual: residual, streams: false)
    let units = shares(of: region, imagesPerVector: 1, threads: 1).units
    for group in 0..<plan.extents.groups {
      for tiles in units {
        let again = plan.run(
          tiles, of: region, group: group, chunks: plan.chunks.indices, operands, lanes: kernels.lanes,
          scratch.winograd)
        repeatDirectly(again, of: region, group: group, operands, scratch)
      }
    }
    withExtendedLifetime(copy) {}
  }

  /// All images, in parallel.
  func compute(_ input: Tensor, residual: Tensor?, threads: Int, shape: Shape) -> Tensor {
    func window(_ planes: UnsafeMutablePointer<Float>, _ size: PerAxis) -> RowWindow {
      RowWindow(planes: planes, height: size.height, width: size.width)
    }
    return Tensor(shape: shape) { output in
      let addend = epilogue.residual == .none ? nil : residual
      var operands = operands(
        from: window(input.storage.elements, plan.inputSize), to: window(output.baseAddress!, plan.outputSize),
        residual: addend.map { window($0.storage.elements, plan.outputSize) },
        streams: 4 * output.count > cachedBytes)
      operands.inputImageStride = plan.extents.groups * plan.inputChannels * operands.input.channelStride
      operands.outputImageStride = plan.extents.groups * plan.outputChannels * operands.output.channelStride
      (operands.images, operands.imagesPerVector) = (plan.extents.batch, imagesPerVector)
      compute(operands, threads: threads)
      withExtendedLifetime((input, residual)) {}
    }
  }

  private func compute(_ operands: WinogradPlan.Operands, threads: Int) {
    let perVector = operands.imagesPerVector
    let region = WinogradPlan.Region(
      plan, images: (operands.images + perVector - 1) / perVector, rows: 0..<plan.outputSize.height,
      columns: 0..<plan.outputSize.width)
    let (units, parts) = shares(of: region, imagesPerVector: perVector, threads: threads)
    let chunks = plan.chunks.count
    // A tile that is computed directly is so in all parts, once all of them are done.
    let again = Mutex<[(group: Int, runs: [WinogradPlan.Run])]>([])
    withThreadCount(threads) {
      Parallel.forEach(plan.extents.groups * units.count * parts) { tasks in
        let scratch = Scratch(self, imagesPerVector: perVector)
        for task in tasks {
          let (rest, part) = task.quotientAndRemainder(dividingBy: parts)
          let (group, index) = rest.quotientAndRemainder(dividingBy: units.count)
          let runs = plan.run(
            units[index], of: region, group: group, chunks: chunks * part / parts..<chunks * (part + 1) / parts,
            operands, lanes: kernels.lanes, scratch.winograd)
          if parts == 1 {
            repeatDirectly(runs, of: region, group: group, operands, scratch)
          } else if !runs.isEmpty {
            again.withLock { $0.append((group, runs)) }
          }
        }
      }
    }
    let left = again.withLock { $0 }
    guard !left.isEmpty else { return }
    let scratch = Scratch(self, imagesPerVector: perVector)
    for (group, runs) in left { repeatDirectly(runs, of: region, group: group, operands, scratch) }
  }

  /// The units that tiles are dealt into as whole vectors, and how many parts the outputs: more than one where lanes are channels
  /// and there are so few tiles that threads do better to share the weights, each of which then transforms all samples.
  private func shares(
    of region: WinogradPlan.Region, imagesPerVector: Int, threads: Int
  ) -> (units: [Range<Int>], parts: Int) {
    let together = plan.channelsPerVector == 1 ? kernels.lanes / imagesPerVector : 1
    let most = plan.mostTiles / (together * imagesPerVector)
    if plan.channelsPerVector == 1 && imagesPerVector == 1,
      let units = partsOfRows(of: region, together: together, threads: threads)
    {
      return (units, 1)
    }
    let vectors = (region.tiles + together - 1) / together
    func tiles(_ vectors: Range<Int>) -> Range<Int> {
      vectors.lowerBound * together..<min(vectors.upperBound * together, region.tiles)
    }
    func evenly(_ count: Int) -> [Range<Int>] {
      (0..<count).map { tiles(vectors * $0 / count..<vectors * ($0 + 1) / count) }
    }
    let needed = (vectors + most - 1) / most
    let balanced = min((needed + threads - 1) / threads * threads, vectors)
    let sharesWeights = plan.channelsPerVector > 1 && vectors < kernels.lanes * threads
    let parts = sharesWeights ? min(plan.chunks.count, (threads + needed - 1) / needed) : 1
    if parts > 1 && parts * needed >= balanced { return (evenly(needed), parts) }
    // Full units end with rows of tiles more often; few units are dealt evenly, so that no thread has one more.
    guard needed >= 8 * threads else { return (evenly(balanced), 1) }
    return ((0..<needed).map { tiles($0 * most..<min(($0 + 1) * most, vectors)) }, 1)
  }

  /// Units of one row each, which kernels read and write with less care.
  ///
  /// - Returns: `nil` where too many lanes would be idle, or threads would.
  private func partsOfRows(of region: WinogradPlan.Region, together: Int, threads: Int) -> [Range<Int>]? {
    let columns = region.tileColumns.count
    let vectors = (columns + together - 1) / together
    let most = plan.mostTiles / together
    guard vectors * 2 >= most, vectors * together * 16 <= columns * 17 else { return nil }
    let rows = region.tiles / columns
    let fewest = (vectors + most - 1) / most
    let parts = (fewest...max(fewest, vectors / 2)).first {
      (rows * $0 + threads - 1) / threads * threads * 20 <= rows * $0 * 21
    }
    guard let parts else { return nil }
    return (0..<rows * parts).map {
      let (row, part) = $0.quotientAndRemainder(dividingBy: parts)
      let end = min(vectors * (part + 1) / parts * together, columns)
      return row * columns + vectors * part / parts * together..<row * columns + end
    }
  }

  private func operands(
    from input: RowWindow, to output: RowWindow, residual: RowWindow?, streams: Bool
  ) -> WinogradPlan.Operands {
    WinogradPlan.Operands(
      weights: UnsafePointer(packed.elements), biases: bias.map { UnsafePointer($0.storage.elements) },
      epilogue: epilogue.kernelEpilogue(activations: activations), streams: streams,
      kernels: kernels.table.pointee.winograd,
      input: input, output: output, residual: residual)
  }

  private func repeatDirectly(
    _ runs: [WinogradPlan.Run], of region: WinogradPlan.Region, group: Int, _ operands: WinogradPlan.Operands,
    _ scratch: Scratch
  ) {
    func channels(_ window: RowWindow, image: Int, first: Int) -> RowWindow {
      var window = window.channels(from: first)
      window.base += image
      return window
    }
    let first = group * plan.outputChannels
    for run in runs {
      let image = run.image * operands.outputImageStride
      scratch.direct.compute(
        group: group, rows: plan.rows(of: run).clamped(to: region.rows),
        columns: plan.columns(of: run).clamped(to: region.columns),
        from: channels(
          operands.input, image: run.image * operands.inputImageStride, first: group * plan.inputChannels),
        to: channels(operands.output, image: image, first: first),
        residual: operands.residual.map { channels($0, image: image, first: first) })
    }
  }
}

extension WinogradPlan {
  /// The output rows of some tiles.
  fileprivate func rows(of run: Run) -> Range<Int> {
    let first = run.row * vertical.length - vertical.lead
    return first..<first + vertical.length
  }

  /// The output columns of some tiles.
  fileprivate func columns(of run: Run) -> Range<Int> {
    let first = run.columns.lowerBound * horizontal.length - horizontal.lead
    return first..<first + run.columns.count * horizontal.length
  }
}
