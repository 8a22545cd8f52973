import CKakudaiKernels

/// What a convolution does to its sums before it stores them: `clamp(activation(sum + residual))`, or the residual added last.
///
/// The result has the bits that the same operations give afterwards, one by one; no tensor passes through memory for them.
package struct ConvolutionEpilogue: Hashable, Sendable {
  package enum Residual: Hashable, Sendable {
    case none
    /// Added to the sum: `clamp(activation(sum + residual))`.
    case beforeActivation
    /// Added to the result: `clamp(activation(sum)) + residual`.
    case afterActivation
  }

  /// None, one for all output channels, or one for each; all have as many hinges.
  package var activations: [PiecewiseLinearFunction]
  package var low: Float
  package var high: Float
  /// Whether, and when, a tensor of the output's shape is added.
  package var residual: Residual

  package init(
    activations: [PiecewiseLinearFunction] = [], low: Float = -.infinity, high: Float = .infinity,
    residual: Residual = .none
  ) {
    (self.activations, self.low, self.high, self.residual) = (activations, low, high, residual)
  }

  package static let none = ConvolutionEpilogue()
  package static let relu = ConvolutionEpilogue(low: 0)
  package static func leakyReLU(_ negativeSlope: Float) -> ConvolutionEpilogue {
    ConvolutionEpilogue(activations: [PiecewiseLinearFunction(slope: negativeSlope)])
  }
}

extension ConvolutionEpilogue {
  /// The activations of some output channels, counted over all groups, as the kernels read them; `nil` where there are none.
  func kernelActivations(ofChannels channels: some Sequence<Int>) -> Storage? {
    guard !activations.isEmpty else { return nil }
    return Storage(channels.flatMap { activations[activations.count == 1 ? 0 : $0].kernelActivation })
  }

  /// What the kernels take, for a first line of activations and a residual that each call sets; `nil` where nothing is to be
  /// done.
  ///
  /// - Parameter activations: Those of each line, where there are any.
  func kernelEpilogue(activations: Storage?) -> ck_epilogue? {
    guard self != .none else { return nil }
    return ck_epilogue(
      activations: activations.map { UnsafePointer($0.elements) },
      hinges: Int32(self.activations.first?.hinges.count ?? 0),
      low: low, high: high, clamps: low > -.infinity || high < .infinity ? 1 : 0, residual: nil, residualOffsets: nil,
      addsAfter: residual == .afterActivation ? 1 : 0)
  }
}

extension ck_epilogue {
  /// For the outputs from `first` on.
  func fromOutput(_ first: Int) -> ck_epilogue {
    var result = self
    result.activations = activations.map { $0 + first * ck_activation_size(hinges) }
    return result
  }
}

extension Convolution {
  /// The convolution with an epilogue; `residual` has the output's shape.
  package func value(
    of inputs: [Tensor], shape: Shape, epilogue: ConvolutionEpilogue, residual: Tensor? = nil
  ) -> Tensor {
    CorrelationPlan.compute(
      .correlation, ConvolutionExtents(geometry, fine: inputs[0].shape, coarse: shape, weight: inputs[1].shape),
      input: inputs[0], weight: inputs[1], bias: inputs.count > 2 ? inputs[2] : nil, shape: shape,
      epilogue: epilogue, residual: residual)
  }
}

extension TransposedConvolution {
  /// The transposed convolution with an epilogue; `residual` has the output's shape.
  package func value(
    of inputs: [Tensor], shape: Shape, epilogue: ConvolutionEpilogue, residual: Tensor? = nil
  ) -> Tensor {
    CorrelationPlan.compute(
      .transpose, ConvolutionExtents(geometry, fine: shape, coarse: inputs[0].shape, weight: inputs[1].shape),
      input: inputs[0], weight: inputs[1], bias: inputs.count > 2 ? inputs[2] : nil, shape: shape,
      epilogue: epilogue, residual: residual)
  }
}
