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

  /// Rows are computed in groups of this many, the first of which begins at row 0; ranges that begin and end with a group
  /// compute nothing in vain.
  package var unit: Int { plan.verticalPhases }

  /// Columns likewise.
  package var columnUnit: Int { plan.horizontalPhases }

  package var outputHeight: Int { plan.outputSize.height }
  package var outputWidth: Int { plan.outputSize.width }

  /// Multiplications of the whole picture.
  package var multiplications: Int { plan.extents.multiplications }

  /// Zeros that the input's rows need to be read where they stand; `nil` where they are always copied first, because the
  /// convolution strides along the row or the picture is narrow.
  package var margins: (left: Int, right: Int)? { plan.margins }

  /// The input rows that the groups of some output rows depend on; rows outside the picture are zeros and left out.
  ///
  /// Neither end ever moves back while the output rows move on.
  package func inputRows(for outputRows: Range<Int>) -> Range<Int> {
    let axis = plan.vertical
    guard !outputRows.isEmpty, let firstPhase = axis.inputPhases.first, let lastPhase = axis.inputPhases.last else {
      return 0..<0
    }
    let first = (outputRows.lowerBound / unit + axis.smallestOffset) * axis.readStride + firstPhase
    let last =
      ((outputRows.upperBound - 1) / unit + axis.smallestOffset + axis.reach) * axis.readStride + lastPhase
    let end = min(max(last + 1, 0), axis.inputLength)
    return min(max(first, 0), end)..<end
  }

  /// Computes rows of all channels on this thread.
  ///
  /// - Parameters:
  ///   - columns: Output columns, all unless given; begins with a group of `columnUnit`. Where `margins` is `nil`, leaving
  ///     some out saves little.
  ///   - input: Holds `inputRows(for: outputRows)` of all input channels.
  ///   - residual: Holds `outputRows` of all output channels, where the epilogue adds it.
  package func compute(
    _ outputRows: Range<Int>, columns: Range<Int>? = nil, from input: RowWindow, to output: RowWindow,
    residual: RowWindow? = nil, _ scratch: RowScratch
  ) {
    precondition((epilogue.residual == .none) == (residual == nil))
    guard !outputRows.isEmpty else { return }
    let operands = CorrelationPlan.Operands(
      packedWeights: UnsafePointer(weights.elements), packedBiases: biases.map { UnsafePointer($0.elements) },
      epilogue: epilogue.kernelEpilogue(slopes: slopes),
      streams: false, kernels: kernels.table.pointee.convolution)
    for group in 0..<plan.extents.groups {
      let piece = CorrelationPlan.Piece(
        group: group, rows: outputRows, columns: columns ?? 0..<outputWidth, chunks: plan.chunks.indices,
        residual: residual?.channels(from: group * plan.outputChannels))
      plan.run(
        piece, operands, from: input.channels(from: group * plan.inputChannels),
        to: output.channels(from: group * plan.outputChannels), scratch.memory)
    }
  }

  /// Memory for one thread.
  package func makeScratch() -> RowScratch { RowScratch(memory: CorrelationPlan.Scratch(plan)) }
}

/// What one thread needs to compute rows of one convolution.
package struct RowScratch {
  let memory: CorrelationPlan.Scratch
}
