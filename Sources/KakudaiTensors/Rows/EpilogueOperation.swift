import CKakudaiKernels

/// An operation that a convolution can do to its sums before it stores them.
package protocol EpilogueOperation: Operation {
  /// `epilogue` with this operation after it; `nil` where it does not fit.
  ///
  /// - Parameter constants: the inputs that are constant.
  func appended(to epilogue: ConvolutionEpilogue, constants: [Tensor?]) -> ConvolutionEpilogue?
}

extension ConvolutionEpilogue {
  /// Whether nothing follows the activation yet.
  private var endsBeforeClamp: Bool { low == -.infinity && high == .infinity && residual != .afterActivation }

  fileprivate func clamped(low: Float, high: Float) -> ConvolutionEpilogue? {
    guard endsBeforeClamp else { return nil }
    var result = self
    (result.low, result.high) = (low, high)
    return result
  }

  fileprivate func activated(_ activations: [PiecewiseLinearFunction]) -> ConvolutionEpilogue? {
    guard endsBeforeClamp, self.activations.isEmpty else { return nil }
    var result = self
    result.activations = activations
    return result
  }

  fileprivate func sloped(_ slopes: [Float]) -> ConvolutionEpilogue? {
    activated(slopes.map { PiecewiseLinearFunction(slope: $0) })
  }

  /// With the addition of another value.
  fileprivate var withResidual: ConvolutionEpilogue? {
    guard residual == .none else { return nil }
    var result = self
    result.residual = self == .none ? .beforeActivation : .afterActivation
    return result
  }
}

extension Elementwise: EpilogueOperation {
  package func appended(to epilogue: ConvolutionEpilogue, constants: [Tensor?]) -> ConvolutionEpilogue? {
    let parameters = function.parameters
    return switch Function.kernel {
    case CK_RELU: epilogue.clamped(low: 0, high: .infinity)
    case CK_CLAMP: epilogue.clamped(low: parameters.0, high: parameters.1)
    case CK_LEAKY_RELU: epilogue.sloped([parameters.0])
    default: nil
    }
  }
}

extension ParametricReLU: EpilogueOperation {
  package func appended(to epilogue: ConvolutionEpilogue, constants: [Tensor?]) -> ConvolutionEpilogue? {
    constants[0] == nil ? constants[1].flatMap { epilogue.sloped($0.elements) } : nil
  }
}

extension AdaptivePiecewiseLinear: EpilogueOperation {
  package func appended(to epilogue: ConvolutionEpilogue, constants: [Tensor?]) -> ConvolutionEpilogue? {
    guard constants[0] == nil, let functions = Self.functions(ofConstants: constants) else { return nil }
    return epilogue.activated(functions)
  }
}

extension Pairwise: EpilogueOperation {
  /// The sum of two values that both flow by.
  package func appended(to epilogue: ConvolutionEpilogue, constants: [Tensor?]) -> ConvolutionEpilogue? {
    Function.kernel == CK_ADD && constants.allSatisfy { $0 == nil } ? epilogue.withResidual : nil
  }
}
