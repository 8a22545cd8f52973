import CKakudaiKernels

/// What a fast algorithm computes once more by the definition, where a sum is not finite; made ready when first needed.
///
/// One thread uses it at a time.
final class DirectRepetition {
  private let operands: (weight: Tensor, bias: Tensor?, epilogue: ConvolutionEpilogue)
  private let kernels: Kernels
  private let make: () -> CorrelationPlan
  private lazy var plan = make()
  private lazy var scratch = CorrelationPlan.Scratch(plan)

  init(
    _ direction: CorrelationPlan.Direction, _ extents: ConvolutionExtents, weight: Tensor, bias: Tensor?,
    epilogue: ConvolutionEpilogue, kernels: Kernels
  ) {
    (operands, self.kernels) = ((weight, bias, epilogue), kernels)
    make = {
      CorrelationPlan(
        direction, extents, kernels: kernels.table.pointee.convolution, lanes: kernels.lanes, tasks: 1)
    }
  }

  /// Rows and columns of the output of one group of one image; windows begin with its first channel.
  ///
  /// Nothing beside these columns is written, as it may be another tile's.
  func compute(
    group: Int = 0, rows: Range<Int>, columns: Range<Int>, from input: RowWindow, to output: RowWindow,
    residual: RowWindow?
  ) {
    let phases = plan.horizontalPhases
    let whole =
      columns.lowerBound / phases * phases..<min((columns.upperBound + phases - 1) / phases * phases, output.width)
    guard whole != columns else {
      return computeWhole(group: group, rows: rows, columns: columns, from: input, to: output, residual: residual)
    }
    let memory = Storage(count: plan.outputChannels * rows.count * whole.count)
    let copy = RowWindow(rows, whole, in: memory.elements, height: output.height, width: output.width)
    computeWhole(group: group, rows: rows, columns: whole, from: input, to: copy, residual: residual)
    output.copy(rows, columns, from: copy, channels: plan.outputChannels)
    withExtendedLifetime(memory) {}
  }

  /// Likewise, of whole groups of phases, or up to the last column.
  private func computeWhole(
    group: Int, rows: Range<Int>, columns: Range<Int>, from input: RowWindow, to output: RowWindow, residual: RowWindow?
  ) {
    let (weights, biases) = plan.packed(operands.weight, operands.bias, threads: 1, kernels: kernels)
    let activations = plan.activations(of: operands.epilogue)
    let shared = CorrelationPlan.Operands(
      packedWeights: UnsafePointer(weights.elements), packedBiases: biases.map { UnsafePointer($0.elements) },
      epilogue: operands.epilogue.kernelEpilogue(activations: activations), streams: false,
      kernels: kernels.table.pointee.convolution)
    let piece = CorrelationPlan.Piece(
      group: group, rows: rows, columns: columns, chunks: plan.chunks.indices, residual: residual)
    plan.run(piece, shared, from: input, to: output, scratch)
    withExtendedLifetime((weights, biases, activations)) {}
  }
}
