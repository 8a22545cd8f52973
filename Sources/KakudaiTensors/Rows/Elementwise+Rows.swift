import CKakudaiKernels

extension Elementwise: RowOperation {
  package func rowKernel(_ inputs: [RowInput], shape: Shape) -> (any RowKernel)? {
    let parameters = function.parameters
    return FunctionRows(
      function: Function.kernel, slopes: [parameters.0], second: parameters.1, channels: shape[-3],
      kernels: Kernels.current)
  }
}

extension ParametricReLU: RowOperation {
  package func rowKernel(_ inputs: [RowInput], shape: Shape) -> (any RowKernel)? {
    // Of a picture without a batch axis, the rows count as channels.
    guard let slopes = inputs[1].constant?.elements, shape.rank == 4 || slopes.count == 1 else { return nil }
    return FunctionRows(
      function: CK_LEAKY_RELU, slopes: slopes, second: 0, channels: shape[-3], kernels: Kernels.current)
  }
}

extension AdaptivePiecewiseLinear: RowOperation {
  package func rowKernel(_ inputs: [RowInput], shape: Shape) -> (any RowKernel)? {
    guard shape.rank == 4, let functions = Self.functions(ofConstants: inputs.map(\.constant)) else { return nil }
    return PiecewiseLinearRows(
      activations: functions.map(\.kernelActivation), hinges: functions.first?.hinges.count ?? 0,
      kernels: Kernels.current)
  }
}

/// A function of each element.
private struct FunctionRows: RowKernel {
  let function: ck_function
  /// The first parameter, of each channel or of all.
  let slopes: [Float]
  let second: Float
  let channels: Int
  let kernels: Kernels

  func compute(
    rows: Range<Int>, columns: Range<Int>, from inputs: [RowWindow], to output: RowWindow, _ scratch: (any RowScratch)?
  ) {
    let apply = kernels.pointwise.apply!
    for channel in 0..<channels {
      let first = slopes[slopes.count == 1 ? 0 : channel]
      for y in rows {
        apply(
          function, first, second, inputs[0].row(y, channel: channel) + columns.lowerBound,
          output.row(y, channel: channel) + columns.lowerBound, columns.count)
      }
    }
  }
}

/// An activation of each channel.
private struct PiecewiseLinearRows: RowKernel {
  let activations: [[Float]]
  let hinges: Int
  let kernels: Kernels

  func compute(
    rows: Range<Int>, columns: Range<Int>, from inputs: [RowWindow], to output: RowWindow, _ scratch: (any RowScratch)?
  ) {
    for (channel, activation) in activations.enumerated() {
      for y in rows {
        kernels.pointwise.piecewise(
          activation, Int32(hinges), inputs[0].row(y, channel: channel) + columns.lowerBound,
          output.row(y, channel: channel) + columns.lowerBound, columns.count)
      }
    }
  }
}
