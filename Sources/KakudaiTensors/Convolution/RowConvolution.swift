import CKakudaiKernels

/// A convolution made ready to compute any rows of its output, from rows that stand in a window into rows that do.
///
/// Whatever rows are asked for, in whatever order and parts, each has the bits that computing the whole picture gives it.
package final class RowConvolution: Sendable {
  package enum Direction: Hashable, Sendable {
    case convolution
    case transposed
  }

  private enum Algorithm {
    case direct(weights: Storage, biases: Storage?, activations: Storage?)
    case winograd(WinogradConvolution)
    case winogradRows(WinogradRowsConvolution)
    case overlapAdd(OverlapAddConvolution)
    case smallMap(SmallMapConvolution)
  }

  private let plan: CorrelationPlan
  private let algorithm: Algorithm
  /// What takes the place of direct computation where rows stand for it.
  private let depthwise: DepthwiseConvolution?
  private let epilogue: ConvolutionEpilogue
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
    self.epilogue = epilogue
    // As many bands as there are positions: each holds a few rows only.
    let tasks = extents.vertical.coarseLength
    let threads = extents.threads
    let choice = ConvolutionPlan.known(correlation, extents, kernels: kernels, tasks: tasks)
    if case .direct(let direct) = choice {
      plan = direct
    } else {
      plan = CorrelationPlan(
        correlation, extents, kernels: kernels.table.pointee.convolution, lanes: kernels.lanes, tasks: tasks)
    }
    switch choice {
    case .direct:
      let (weights, biases) = plan.packed(weight, bias, threads: threads, kernels: kernels)
      algorithm = .direct(weights: weights, biases: biases, activations: plan.activations(of: epilogue))
      depthwise = DepthwiseConvolution(plan, weight: weight, bias: bias, epilogue: epilogue)
      return
    case .smallMap(let map):
      algorithm = .smallMap(
        SmallMapConvolution(map, weight: weight, bias: bias, epilogue: epilogue, threads: threads, kernels: kernels))
    case .overlapAdd(let overlapping):
      algorithm = .overlapAdd(
        OverlapAddConvolution(overlapping, weight: weight, bias: bias, epilogue: epilogue, kernels: kernels))
    case .winograd(let winograd):
      algorithm = .winograd(
        WinogradConvolution(
          winograd, weight: weight, bias: bias, epilogue: epilogue, threads: threads, kernels: kernels))
    case .winogradRows(let rows):
      algorithm = .winogradRows(
        WinogradRowsConvolution(
          rows, weight: weight, bias: bias, epilogue: epilogue, threads: threads, kernels: kernels))
    }
    depthwise = nil
  }

  /// How it computes, in a word or two.
  package var algorithmName: String {
    switch algorithm {
    case .direct: depthwise == nil ? "direct" : "depthwise"
    case .winograd: "winograd"
    case .winogradRows: "winograd rows"
    case .overlapAdd: "overlap-add"
    case .smallMap: "direct channels"
    }
  }

  /// The picture, and what the epilogue adds.
  package var inputCount: Int { epilogue.residual == .none ? 1 : 2 }

  /// Whether it reads rows where they stand and computes any part of them, from its tiles' first row on, one output for each
  /// position.
  package var computesTiles: Bool {
    switch algorithm {
    case .direct: plan.margins != nil && plan.verticalPhases * plan.horizontalPhases == 1
    case .winogradRows(let winograd): winograd.plan.sumsAreShort
    case .winograd, .smallMap, .overlapAdd: false
    }
  }

  /// The most rows that one call of a kernel computes from rows that stand in a ring.
  package var rowsAtOnce: Int { depthwise == nil ? rowUnit : Int(CK_DEPTHWISE_ROWS) }

  /// Whether each output reads the pixel at its place only, directly.
  package var readsPixels: Bool {
    if case .direct = algorithm { plan.readsInPlace && plan.verticalPhases * plan.horizontalPhases == 1 } else { false }
  }

  package var outputHeight: Int { plan.outputSize.height }
  package var outputWidth: Int { plan.outputSize.width }
}

/// The second input is the residual, where the epilogue adds one.
extension RowConvolution: RowKernel {
  package var multiplications: Int { plan.extents.multiplications }

  /// A row, or one of tiles, of each vertical phase.
  package var rowUnit: Int {
    switch algorithm {
    case .direct, .smallMap, .overlapAdd: plan.verticalPhases
    case .winograd(let winograd): winograd.plan.vertical.length
    case .winogradRows(let winograd): winograd.plan.unit
    }
  }

  package var rowLead: Int {
    if case .winograd(let winograd) = algorithm { winograd.plan.vertical.lead } else { 0 }
  }

  /// As `rowUnit`; all columns where narrow rows are joined.
  package var columnUnit: Int {
    switch algorithm {
    case .direct: plan.band.isCompact ? outputWidth : plan.horizontalPhases
    case .winograd(let winograd): winograd.plan.horizontal.length
    case .winogradRows, .overlapAdd: plan.horizontalPhases
    case .smallMap: outputWidth
    }
  }

  /// None where rows are always copied first, because the convolution strides along them or the picture is narrow, or because
  /// they are transformed.
  package func margins(_ index: Int) -> (left: Int, right: Int)? {
    guard index == 0, case .direct = algorithm else { return nil }
    return plan.margins
  }

  /// The input rows that the groups of some output rows depend on, a group being `rowUnit` rows.
  package func inputRows(_ index: Int, for rows: Range<Int>) -> Range<Int> {
    guard index == 0 else { return rows }
    return switch algorithm {
    case .direct, .smallMap, .overlapAdd: plan.vertical.needed(rows)
    case .winograd(let winograd): winograd.plan.vertical.needed(rows)
    case .winogradRows(let winograd): winograd.plan.needed(rows)
    }
  }

  package func inputColumns(_ index: Int, for columns: Range<Int>) -> Range<Int> {
    guard index == 0 else { return columns }
    return switch algorithm {
    case .direct: plan.band.isCompact ? 0..<plan.horizontal.inputLength : plan.horizontal.needed(columns)
    case .winograd(let winograd): winograd.plan.horizontal.needed(columns)
    case .winogradRows, .overlapAdd: plan.horizontal.needed(columns)
    case .smallMap: 0..<plan.horizontal.inputLength
    }
  }

  package func makeScratch() -> (any RowScratch)? {
    switch algorithm {
    case .direct: CorrelationPlan.Scratch(plan)
    case .winograd(let winograd): WinogradConvolution.Scratch(winograd)
    case .winogradRows(let winograd): WinogradRowsConvolution.Scratch(winograd)
    case .overlapAdd(let overlapping): OverlapAddConvolution.Scratch(overlapping.plan)
    case .smallMap(let map): SmallMapPlan.Scratch(map.plan)
    }
  }

  package func compute(
    rows: Range<Int>, columns: Range<Int>, from inputs: [RowWindow], to output: RowWindow, _ scratch: (any RowScratch)?
  ) {
    precondition(inputs.count == inputCount)
    guard !rows.isEmpty, !columns.isEmpty else { return }
    if let depthwise,
      depthwise.compute(
        rows: rows, columns: columns, from: inputs[0], to: output, kernels: kernels.table.pointee.convolution)
    {
      return
    }
    let residual = inputs.count > 1 ? inputs[1] : nil
    switch (algorithm, scratch) {
    case (.winograd(let winograd), let scratch as WinogradConvolution.Scratch):
      winograd.compute(rows: rows, columns: columns, from: inputs[0], to: output, residual: residual, scratch)
    case (.winogradRows(let winograd), let scratch as WinogradRowsConvolution.Scratch):
      winograd.compute(rows: rows, columns: columns, from: inputs[0], to: output, residual: residual, scratch)
    case (.overlapAdd(let overlapping), let scratch as OverlapAddConvolution.Scratch):
      overlapping.compute(rows: rows, columns: columns, from: inputs[0], to: output, residual: residual, scratch)
    case (.smallMap(let map), let scratch as SmallMapPlan.Scratch):
      map.compute(rows: rows, from: inputs[0], to: output, residual: residual, scratch)
    case (.direct(let weights, let biases, let activations), let scratch as CorrelationPlan.Scratch):
      let operands = CorrelationPlan.Operands(
        packedWeights: UnsafePointer(weights.elements), packedBiases: biases.map { UnsafePointer($0.elements) },
        epilogue: epilogue.kernelEpilogue(activations: activations), streams: false,
        kernels: kernels.table.pointee.convolution)
      for group in 0..<plan.extents.groups {
        let piece = CorrelationPlan.Piece(
          group: group, rows: rows, columns: columns, chunks: plan.chunks.indices,
          residual: residual?.channels(from: group * plan.outputChannels))
        plan.run(
          piece, operands, from: inputs[0].channels(from: group * plan.inputChannels),
          to: output.channels(from: group * plan.outputChannels), scratch)
      }
    default:
      preconditionFailure("the memory is not that of this convolution")
    }
  }
}

extension CorrelationPlan.Scratch: RowScratch {}
extension WinogradConvolution.Scratch: RowScratch {}
extension WinogradRowsConvolution.Scratch: RowScratch {}
extension SmallMapPlan.Scratch: RowScratch {}
extension OverlapAddConvolution.Scratch: RowScratch {}
