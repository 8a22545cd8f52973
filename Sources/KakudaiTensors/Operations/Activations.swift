#if canImport(Glibc)
import Glibc
#elseif canImport(Darwin)
import Darwin
#endif

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
  func value(_ x: Float) -> Float { x <= 0 ? 0 : x }
  func gradient(_ x: Float, _ y: Float, _ cotangent: Float) -> Float { x <= 0 ? 0 : cotangent }
}

private struct LeakyRectifiedLinear: ElementwiseFunction {
  static let name = "leakyReLU"
  let negativeSlope: Float
  func value(_ x: Float) -> Float { x > 0 ? x : x * negativeSlope }
  func gradient(_ x: Float, _ y: Float, _ cotangent: Float) -> Float { x > 0 ? cotangent : cotangent * negativeSlope }
}

/// 1 / (1 + e⁻ˣ), with no overflow on the way to small values.
private func logistic(_ x: Float) -> Float {
  let power = expf(-x.magnitude)
  return x < 0 ? power / (1 + power) : 1 / (1 + power)
}

private struct Logistic: ElementwiseFunction {
  static let name = "sigmoid"
  func value(_ x: Float) -> Float { logistic(x) }
  func gradient(_ x: Float, _ y: Float, _ cotangent: Float) -> Float { cotangent * (y * logistic(-x)) }
}

private struct SigmoidLinear: ElementwiseFunction {
  static let name = "silu"
  func value(_ x: Float) -> Float { x * logistic(x) }
  func gradient(_ x: Float, _ y: Float, _ cotangent: Float) -> Float {
    cotangent * (logistic(x) * (1 + x * logistic(-x)))
  }
}

private struct SmoothRectifiedLinear: ElementwiseFunction {
  static let name = "softplus"
  func value(_ x: Float) -> Float { (x > 0 ? x : 0) + log1pf(expf(-x.magnitude)) }
  func gradient(_ x: Float, _ y: Float, _ cotangent: Float) -> Float { cotangent * logistic(x) }
}

private struct HyperbolicTangent: ElementwiseFunction {
  static let name = "tanh"
  func value(_ x: Float) -> Float { tanhf(x) }
  // 1 − tanh² by the form that does not cancel.
  func gradient(_ x: Float, _ y: Float, _ cotangent: Float) -> Float {
    cotangent * (4 * logistic(2 * x) * logistic(-2 * x))
  }
}

private struct GaussianErrorLinear: ElementwiseFunction {
  static let name = "gelu"
  /// Φ(x); erfc does not cancel in the negative tail.
  private func distribution(_ x: Float) -> Double { 0.5 * erfc(-Double(x) * 0.7071067811865476) }
  func value(_ x: Float) -> Float { Float(Double(x) * distribution(x)) }
  func gradient(_ x: Float, _ y: Float, _ cotangent: Float) -> Float {
    let density = 0.3989422804014327 * exp(-0.5 * Double(x) * Double(x))
    return Float(Double(cotangent) * (distribution(x) + Double(x) * density))
  }
}

private struct ApproximateGaussianErrorLinear: ElementwiseFunction {
  static let name = "gelu"
  private static let scale = 0.7978845608028654
  private static let cubic = 0.044715
  // (1 + tanh u) / 2 is the logistic function of 2u, which does not cancel.
  private func gate(_ x: Double) -> Double {
    let power = exp(-2 * Self.scale * (x + Self.cubic * x * x * x).magnitude)
    return x < 0 ? power / (1 + power) : 1 / (1 + power)
  }
  func value(_ x: Float) -> Float { Float(Double(x) * gate(Double(x))) }
  func gradient(_ x: Float, _ y: Float, _ cotangent: Float) -> Float {
    let (wide, gate) = (Double(x), gate(Double(x)))
    let other = self.gate(-wide)
    let inner = 2 * Self.scale * (1 + 3 * Self.cubic * wide * wide)
    return Float(Double(cotangent) * (gate + wide * gate * other * inner))
  }
}
