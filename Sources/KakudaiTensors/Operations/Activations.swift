import CKakudaiKernels

/// max(x, 0); the derivative at 0 is 0.
public func relu(_ x: Tensor) -> Tensor { Elementwise(RectifiedLinear())(x) }

/// x where it is positive, `negativeSlope`·x elsewhere.
public func leakyReLU(_ x: Tensor, negativeSlope: Float = 0.01) -> Tensor {
  Elementwise(LeakyRectifiedLinear(negativeSlope: negativeSlope))(x)
}

/// 1 / (1 + e⁻ˣ).
public func sigmoid(_ x: Tensor) -> Tensor { Elementwise(Logistic())(x) }

/// x / (1 + e⁻ˣ), also named swish.
public func silu(_ x: Tensor) -> Tensor { Elementwise(SigmoidLinear())(x) }

/// (eˣ − e⁻ˣ) / (eˣ + e⁻ˣ).
public func tanh(_ x: Tensor) -> Tensor { Elementwise(HyperbolicTangent())(x) }

/// log(1 + eˣ), a smooth max(x, 0), with no overflow on the way.
public func softplus(_ x: Tensor) -> Tensor { Elementwise(SmoothRectifiedLinear())(x) }

/// How `gelu` computes the normal distribution function.
public enum GELUApproximation: String, Hashable, Sendable {
  /// By the error function.
  case none
  /// By tanh(√(2/π)·(x + 0.044715·x³)).
  case tanh
}

/// x·Φ(x), Φ the normal distribution function (Hendrycks and Gimpel, 2016).
public func gelu(_ x: Tensor, approximation: GELUApproximation = .none) -> Tensor {
  switch approximation {
  case .none: Elementwise(GaussianErrorLinear())(x)
  case .tanh: Elementwise(ApproximateGaussianErrorLinear())(x)
  }
}

private struct RectifiedLinear: ElementwiseFunction {
  static let name = "relu"
  static let kernel = CK_RELU
}

private struct LeakyRectifiedLinear: ElementwiseFunction {
  static let name = "leakyReLU"
  static let kernel = CK_LEAKY_RELU
  let negativeSlope: Float
  var parameters: (Float, Float) { (negativeSlope, 0) }
}

private struct Logistic: ElementwiseFunction {
  static let name = "sigmoid"
  static let kernel = CK_LOGISTIC
}

private struct SigmoidLinear: ElementwiseFunction {
  static let name = "silu"
  static let kernel = CK_SILU
}

private struct SmoothRectifiedLinear: ElementwiseFunction {
  static let name = "softplus"
  static let kernel = CK_SOFTPLUS
}

private struct HyperbolicTangent: ElementwiseFunction {
  static let name = "tanh"
  static let kernel = CK_TANH
}

private struct GaussianErrorLinear: ElementwiseFunction {
  static let name = "gelu"
  static let kernel = CK_GELU
}

private struct ApproximateGaussianErrorLinear: ElementwiseFunction {
  static let name = "gelu"
  static let kernel = CK_GELU_BY_TANH
}
