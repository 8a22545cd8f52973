import CKakudaiKernels

/// What a convolution does to its sums before it stores them: `clamp(leaky(sum + residual))`, or the residual added last.
///
/// The result has the bits that the same operations give afterwards, one by one; no tensor passes through memory for them.
package struct ConvolutionEpilogue: Hashable, Sendable {
  package enum Residual: Hashable, Sendable {
    case none
    /// Added to the sum: `clamp(leaky(sum + residual))`.
    case beforeActivation
    /// Added to the result: `clamp(leaky(sum)) + residual`.
    case afterActivation
  }

  /// What negative values are multiplied by: nothing, one slope for all output channels, or one for each.
  package var negativeSlopes: [Float]
  package var low: Float
  package var high: Float
  /// Whether, and when, a tensor of the output's shape is added.
  package var residual: Residual

  package init(
    negativeSlopes: [Float] = [], low: Float = -.infinity, high: Float = .infinity, residual: Residual = .none
  ) {
    (self.negativeSlopes, self.low, self.high, self.residual) = (negativeSlopes, low, high, residual)
  }

  package static let none = ConvolutionEpilogue()
  package static let relu = ConvolutionEpilogue(low: 0)
  package static func leakyReLU(_ negativeSlope: Float) -> ConvolutionEpilogue {
    ConvolutionEpilogue(negativeSlopes: [negativeSlope])
  }
}

extension ConvolutionEpilogue {
  /// One slope for each output channel of all groups, where there are any.
  func slopes(channels: Int) -> Storage? {
    guard let first = negativeSlopes.first else { return nil }
    let slopes = Storage(count: channels)
    for channel in 0..<channels {
      slopes.elements[channel] = negativeSlopes.count == 1 ? first : negativeSlopes[channel]
    }
    return slopes
  }

  /// What the kernels take, for a first line of slopes and a residual that each call sets; `nil` where nothing is to be done.
  ///
  /// - Parameter slopes: One for each line, where there are any.
  func kernelEpilogue(slopes: Storage?) -> ck_epilogue? {
    guard self != .none else { return nil }
    return ck_epilogue(
      slopes: slopes.map { UnsafePointer($0.elements) }, low: low, high: high,
      clamps: low > -.infinity || high < .infinity ? 1 : 0, residual: nil, residualOffsets: nil,
      addsAfter: residual == .afterActivation ? 1 : 0)
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
