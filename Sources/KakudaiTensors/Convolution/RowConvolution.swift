import CKakudaiKernels

/// A convolution made ready to compute any rows of its output, from rows that stand in a window into rows that do.
///
/// Whatever rows are asked for, in whatever order and parts, each has the bits that computing the whole picture gives it.
package final class RowConvolution: Sendable {
  package enum Direction: Hashable, Sendable {
    case convolution
    case transposed
  }

  private let plan: CorrelationPlan
  private let weights: Storage
  private let biases: Storage?
  private let epilogue: ConvolutionEpilogue
  private let slopes: Storage?
  private let kernels: Kernels

  /// - Parameters:
  ///   - weight: as `conv2d` or `convTranspose2d` takes it.
  ///   - input: `(C, H, W)` or `(1, C, H, W)` of the whole picture.
  /// - Throws: where the shapes do not fit.
  package init(
    _ direction: Direction, _ geometry: ConvolutionGeometry, weight: Tensor, bias: Tensor?,
    epilogue: ConvolutionEpilogue = .none, input: Shape
  ) throws(ShapeError) {
    kernels = Kernels.current
    let operands = [input, weight.shape] + (bias.map { [$0.shape] } ?? [])
    let correlation: CorrelationPlan.Direction
    let extents: ConvolutionExtents
    switch direction {
    case .convolution:
      let output = try Convolution(geometry: geometry).outputShape(of: operands)
      correlation = .correlation
      extents = ConvolutionExtents(geometry, fine: input, coarse: output, weight: weight.shape)
    case .transposed:
      let output = try TransposedConvolution(geometry: geometry).outputShape(of: operands)
      correlation = .transpose
      extents = ConvolutionExtents(geometry, fine: output, coarse: input, weight: weight.shape)
    }
    // As many bands as there are positions: each holds a few rows only.
    plan = CorrelationPlan(
      correlation, extents, kernels: kernels.table.pointee.convolution, lanes: kernels.lanes,
      tasks: extents.vertical.coarseLength)
    (weights, biases) = plan.packed(weight, bias, threads: extents.threads, kernels: kernels)
    (self.epilogue, slopes) = (epilogue, plan.slopes(of: epilogue))
  }

  package var outputHeight: Int { plan.outputSize.height }
  package var outputWidth: Int { plan.outputSize.width }
}

/// The second input is the residual, where the epilogue adds one.
extension RowConvolution: RowKernel {
  package var multiplications: Int { plan.extents.multiplications }

  package var rowUnit: Int { plan.verticalPhases }

  /// All columns where narrow rows are joined.
  package var columnUnit: Int { plan.band.isCompact ? outputWidth : plan.horizontalPhases }

  /// None where rows are always copied first, because the convolution strides along them or the picture is narrow.
  package func margins(_ index: Int) -> (left: Int, right: Int) { index == 0 ? plan.margins ?? (0, 0) : (0, 0) }

  /// The input rows that the groups of some output rows depend on, a group being a row of each vertical phase.
  package func inputRows(_ index: Int, for rows: Range<Int>) -> Range<Int> {
    index == 0 ? plan.vertical.needed(rows) : rows
  }

  package func inputColumns(_ index: Int, for columns: Range<Int>) -> Range<Int> {
    guard index == 0 else { return columns }
    return plan.band.isCompact ? 0..<plan.horizontal.inputLength : plan.horizontal.needed(columns)
  }

  package func makeScratch() -> (any RowScratch)? { CorrelationPlan.Scratch(plan) }

  package func compute(
    rows: Range<Int>, columns: Range<Int>, from inputs: [RowWindow], to output: RowWindow, _ scratch: (any RowScratch)?
  ) {
    precondition(inputs.count == (epilogue.residual == .none ? 1 : 2))
    guard !rows.isEmpty, !columns.isEmpty, let scratch = scratch as? CorrelationPlan.Scratch else { return }
    let operands = CorrelationPlan.Operands(
      packedWeights: UnsafePointer(weights.elements), packedBiases: biases.map { UnsafePointer($0.elements) },
      epilogue: epilogue.kernelEpilogue(slopes: slopes), streams: false, kernels: kernels.table.pointee.convolution)
    for group in 0..<plan.extents.groups {
      let piece = CorrelationPlan.Piece(
        group: group, rows: rows, columns: columns, chunks: plan.chunks.indices,
        residual: inputs.count > 1 ? inputs[1].channels(from: group * plan.outputChannels) : nil)
      plan.run(
        piece, operands, from: inputs[0].channels(from: group * plan.inputChannels),
        to: output.channels(from: group * plan.outputChannels), scratch)
    }
  }
}

extension CorrelationPlan.Scratch: RowScratch {}
