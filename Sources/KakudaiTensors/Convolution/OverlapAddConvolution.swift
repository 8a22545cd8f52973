import CKakudaiKernels

/// A convolution made ready to be computed by lines that overlap, whole or in rows; see `OverlapAddPlan`.
final class OverlapAddConvolution: Sendable {
  let plan: OverlapAddPlan
  private let kernels: Kernels
  private let bias: Tensor?
  private let epilogue: ConvolutionEpilogue
  private let packed: Storage
  private let activations: Storage?

  init(_ plan: OverlapAddPlan, weight: Tensor, bias: Tensor?, epilogue: ConvolutionEpilogue, kernels: Kernels) {
    (self.plan, self.kernels, self.bias, self.epilogue) = (plan, kernels, bias, epilogue)
    packed = plan.packed(weight, kernels: kernels)
    activations = epilogue.kernelActivations(ofChannels: 0..<plan.outputChannels)
  }

  /// Samples between channels, or a multiple, that leave them a quarter of the sets of a first-level cache or fewer.
  private static let setsApart = 64

  /// What one thread needs: the lines of the rows of the input that a row of the output needs, with zeros around each.
  final class Scratch {
    fileprivate let lines: Storage
    /// From the start of a line to its column 0, to the next line, and to that line of the next row that is held.
    fileprivate let (margin, lineStride, rowStride): (Int, Int, Int)
    fileprivate let phases: Storage
    /// Of the calls that add lines: one pass for each horizontal phase.
    fileprivate let tapOffsets: UnsafeMutableBufferPointer<Int>
    fileprivate let passes: UnsafeMutableBufferPointer<ck_pass>
    /// Samples of some tiles.
    fileprivate let copy: Storage
    private let ones: Storage
    private let sums: UnsafeMutableBufferPointer<ck_phase_output>

    init(_ plan: OverlapAddPlan) {
      let (left, right) = plan.horizontal.margins
      margin = (left + 15) / 16 * 16
      // Kernels write up to a vector past the last column; an odd number of cache lines keeps lines in different cache sets.
      lineStride = ((margin + plan.horizontal.inputLength + max(right, 16) + 15) / 16 | 1) * 16
      rowStride = (plan.lines * lineStride / 16 | 1) * 16
      lines = Storage(count: plan.rowsHeld * rowStride)
      for row in 0..<plan.rowsHeld {
        for line in 0..<plan.lines {
          (lines.elements + row * rowStride + line * lineStride).update(repeating: 0, count: margin)
        }
      }
      copy = Storage(count: plan.inputChannels * Int(CK_COPIED_STRIDE))
      phases = Storage(count: plan.horizontal.phases.count * Int(CK_SCRATCH_PER_PHASE))
      let most = plan.vertical.phases.map(\.count).max()! * plan.horizontal.phases.reduce(0) { $0 + $1.count }
      ones = Storage(Array(repeating: 1, count: most))
      tapOffsets = .copying(Array(repeating: 0, count: most + 1))
      sums = .copying(plan.horizontal.phases.indices.map { ck_phase_output(phase: UInt32($0), output: 0) })
      passes = .copying(
        plan.horizontal.phases.indices.map { [ones, sums] in
          ck_pass(
            weights: ones.elements, tapOffsets: nil, taps: 0, sums: sums.baseAddress! + $0, sumCount: 1, continues: 0)
        })
    }

    deinit {
      tapOffsets.deallocate()
      passes.deallocate()
      sums.deallocate()
    }
  }

  /// Rows and columns of the output of one image, columns beginning with a group of phases; windows hold all channels.
  func compute(
    rows: Range<Int>, columns: Range<Int>, from input: RowWindow, to output: RowWindow, residual: RowWindow?,
    streams: Bool = false, _ scratch: Scratch
  ) {
    let read = plan.horizontal.needed(columns)
    let all = plan.vertical.needed(rows)
    var held = all.lowerBound
    for row in rows {
      let needed = plan.vertical.needed(row..<row + 1)
      for y in max(held, needed.lowerBound)..<max(held, needed.upperBound) {
        multiply(row: y, columns: read, next: y + 1 < all.upperBound ? y + 1 : nil, from: input, scratch)
      }
      held = max(held, needed.upperBound)
      add(row: row, columns: columns, to: output, residual: residual, streams: streams, scratch)
    }
  }

  /// All images, in parallel.
  func compute(_ input: Tensor, residual: Tensor?, threads: Int, shape: Shape) -> Tensor {
    let size = plan.outputSize
    let addend = epilogue.residual == .none ? nil : residual
    return Tensor(shape: shape) { output in
      let source = RowWindow(
        planes: input.storage.elements, height: plan.vertical.inputLength, width: plan.horizontal.inputLength)
      let target = RowWindow(planes: output.baseAddress!, height: size.height, width: size.width)
      let added = addend.map { RowWindow(planes: $0.storage.elements, height: size.height, width: size.width) }
      withThreadCount(threads) {
        Parallel.forEach(plan.extents.batch * size.height) { share in
          let scratch = Scratch(plan)
          for image in share.lowerBound / size.height...(share.upperBound - 1) / size.height {
            let first = image * size.height
            let own = share.clamped(to: first..<first + size.height)
            compute(
              rows: own.lowerBound - first..<own.upperBound - first, columns: 0..<size.width,
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

  /// The lines of some columns of a row of the input.
  ///
  /// - Parameter next: The row that is read next.
  private func multiply(row: Int, columns: Range<Int>, next: Int?, from input: RowWindow, _ scratch: Scratch) {
    // From the start of a cache line on.
    let first = columns.lowerBound / 16 * 16
    let target = scratch.lines.elements + row % plan.rowsHeld * scratch.rowStride + scratch.margin
    var lines = ck_lines(
      input: UnsafePointer(input.row(row, channel: 0) + first), channelStride: input.channelStride,
      channels: plan.inputChannels, width: columns.upperBound - first,
      next: next.map { UnsafePointer(input.row($0, channel: 0) + first) },
      copy: input.channelStride % Self.setsApart == 0 ? scratch.copy.elements : nil,
      weights: UnsafePointer(packed.elements),
      count: plan.lines, lines: target + first, lineStride: scratch.lineStride)
    kernels.table.pointee.convolution.multiplyLines(&lines)
    // The kernel has written past the last column.
    guard columns.upperBound == plan.horizontal.inputLength else { return }
    for line in 0..<plan.lines {
      let end = target + line * scratch.lineStride + columns.upperBound
      for column in 0..<plan.horizontal.margins.right { end[column] = 0 }
    }
  }

  /// Adds the lines of a row of the output where they overlap, and finishes the sums.
  private func add(
    row: Int, columns: Range<Int>, to output: RowWindow, residual: RowWindow?, streams: Bool, _ scratch: Scratch
  ) {
    let (position, phase) = row.quotientAndRemainder(dividingBy: plan.vertical.phases.count)
    let present = plan.vertical.phases[phase].filter { 0..<plan.vertical.inputLength ~= position + $0.offset }
    var tap = 0
    for (phase, columnTaps) in plan.horizontal.phases.enumerated() {
      scratch.passes[phase].tapOffsets = UnsafePointer(scratch.tapOffsets.baseAddress! + tap)
      scratch.passes[phase].taps = present.count * columnTaps.count
      for rowTap in present {
        let slot = (position + rowTap.offset) % plan.rowsHeld
        for columnTap in columnTaps {
          let line = rowTap.kernelIndex * plan.extents.horizontal.kernel + columnTap.kernelIndex
          scratch.tapOffsets[tap] = slot * scratch.rowStride + line * scratch.lineStride + columnTap.offset
          tap += 1
        }
      }
    }
    let start = scratch.margin + columns.lowerBound / plan.horizontal.phases.count
    let (phases, area) = (plan.horizontal.phases.count, plan.extents.kernelArea)
    var correlation = ck_correlation()
    correlation.channels = 1
    (correlation.passes, correlation.passCount) = (UnsafePointer(scratch.passes.baseAddress!), phases)
    (correlation.phases, correlation.outputs) = (phases, 1)
    (correlation.rows, correlation.width) = (1, columns.count)
    (correlation.streams, correlation.scratch) = (streams ? 1 : 0, scratch.phases.elements)
    let shared = epilogue.kernelEpilogue(activations: activations)
    withUnsafePointer(to: 0) { noOffset in
      correlation.outputOffsets = noOffset
      for channel in 0..<plan.outputChannels {
        correlation.input = UnsafePointer(scratch.lines.elements + channel * area * scratch.lineStride + start)
        correlation.bias = bias.map { UnsafePointer($0.storage.elements + channel) }
        correlation.output = output.row(row, channel: channel) + columns.lowerBound
        var own = shared?.fromOutput(channel)
        own?.residual = residual.map { UnsafePointer($0.row(row, channel: channel) + columns.lowerBound) }
        own?.residualOffsets = noOffset
        withUnsafePointer(to: own ?? ck_epilogue()) {
          correlation.epilogue = own == nil ? nil : $0
          kernels.table.pointee.convolution.correlate(&correlation)
        }
      }
    }
  }
}
