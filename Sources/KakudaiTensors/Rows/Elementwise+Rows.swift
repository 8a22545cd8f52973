import CKakudaiKernels

extension Elementwise: RowOperation {
  package func rowKernel(_ inputs: [RowInput], shape: Shape) -> (any RowKernel)? {
    let (parameters, kernels) = (function.parameters, Kernels.current.pointwise)
    return FunctionRows(channels: shape[-3]) { _, input, output, count in
      kernels.apply(Function.kernel, parameters.0, parameters.1, input, output, count)
    }
  }
}

extension ParametricReLU: RowOperation {
  package func rowKernel(_ inputs: [RowInput], shape: Shape) -> (any RowKernel)? {
    // Of a picture without a batch axis, the rows count as channels.
    guard let slopes = inputs[1].constant?.elements, shape.rank == 4 || slopes.count == 1 else { return nil }
    let kernels = Kernels.current.pointwise
    return FunctionRows(channels: shape[-3]) { channel, input, output, count in
      kernels.apply(CK_LEAKY_RELU, slopes[slopes.count == 1 ? 0 : channel], 0, input, output, count)
    }
  }
}

extension AdaptivePiecewiseLinear: RowOperation {
  package func rowKernel(_ inputs: [RowInput], shape: Shape) -> (any RowKernel)? {
    guard shape.rank == 4, let functions = Self.functions(ofConstants: inputs.map(\.constant)) else { return nil }
    let (activations, kernels) = (functions.map(\.kernelActivation), Kernels.current.pointwise)
    let hinges = Int32(functions.first?.hinges.count ?? 0)
    return FunctionRows(channels: shape[-3]) { channel, input, output, count in
      kernels.piecewise(activations[channel], hinges, input, output, count)
    }
  }
}

/// A function of each element, which may be another one in each channel.
private struct FunctionRows: RowKernel {
  let channels: Int
  let apply:
    @Sendable (_ channel: Int, UnsafePointer<Float>, _ output: UnsafeMutablePointer<Float>, _ count: Int) -> Void

  func compute(
    rows: Range<Int>, columns: Range<Int>, from inputs: [RowWindow], to output: RowWindow, _ scratch: (any RowScratch)?
  ) {
    for channel in 0..<channels {
      for y in rows {
        apply(
          channel, inputs[0].row(y, channel: channel) + columns.lowerBound,
          output.row(y, channel: channel) + columns.lowerBound, columns.count)
      }
    }
  }
}
