#if canImport(Glibc)
import Glibc
#elseif canImport(Darwin)
import Darwin
#endif

/// eˣ of every element.
public func exp(_ x: Tensor) -> Tensor { Elementwise(Exponential())(x) }

/// The natural logarithm of every element: −∞ at 0, NaN below.
public func log(_ x: Tensor) -> Tensor { Elementwise(Logarithm())(x) }

/// The square root of every element: NaN below 0.
public func sqrt(_ x: Tensor) -> Tensor { Elementwise(SquareRoot())(x) }

/// The magnitude of every element; its derivative at 0 is 0.
public func abs(_ x: Tensor) -> Tensor { Elementwise(Magnitude())(x) }

/// Every element to the power of `exponent` (PyTorch's `pow`).
public func power(_ x: Tensor, _ exponent: Float) -> Tensor { Elementwise(Power(exponent: exponent))(x) }

/// min(max(x, minimum), maximum) of every element; the derivative passes where nothing was cut, the bounds included.
public func clamp(_ x: Tensor, minimum: Float = -.infinity, maximum: Float = .infinity) -> Tensor {
  Elementwise(Clamp(minimum: minimum, maximum: maximum))(x)
}

private struct Exponential: ElementwiseFunction {
  static let name = "exp"
  func value(_ x: Float) -> Float { expf(x) }
  func gradient(_ x: Float, _ y: Float, _ cotangent: Float) -> Float { cotangent * y }
}

private struct Logarithm: ElementwiseFunction {
  static let name = "log"
  func value(_ x: Float) -> Float { logf(x) }
  func gradient(_ x: Float, _ y: Float, _ cotangent: Float) -> Float { cotangent / x }
}

private struct SquareRoot: ElementwiseFunction {
  static let name = "sqrt"
  func value(_ x: Float) -> Float { x.squareRoot() }
  func gradient(_ x: Float, _ y: Float, _ cotangent: Float) -> Float { cotangent / (2 * y) }
}

private struct Magnitude: ElementwiseFunction {
  static let name = "abs"
  func value(_ x: Float) -> Float { x.magnitude }
  func gradient(_ x: Float, _ y: Float, _ cotangent: Float) -> Float {
    x > 0 ? cotangent : x < 0 ? -cotangent : 0
  }
}

private struct Power: ElementwiseFunction {
  static let name = "power"
  let exponent: Float
  func value(_ x: Float) -> Float { raised(x, to: exponent) }
  func gradient(_ x: Float, _ y: Float, _ cotangent: Float) -> Float {
    exponent == 0 ? 0 : cotangent * (exponent * raised(x, to: exponent - 1))
  }

  /// `powf`, but for the exponents that PyTorch treats apart, whose signs at −0 and values at −∞ differ.
  private func raised(_ x: Float, to exponent: Float) -> Float {
    switch exponent {
    case 0.5: x.squareRoot()
    case -0.5: 1 / x.squareRoot()
    case 2: x * x
    default: powf(x, exponent)
    }
  }
}

private struct Clamp: ElementwiseFunction {
  static let name = "clamp"
  let minimum: Float
  let maximum: Float
  // In this order NaN stays NaN, and `maximum` wins where the bounds cross.
  func value(_ x: Float) -> Float {
    let raised = x < minimum ? minimum : x
    return raised > maximum ? maximum : raised
  }
  func gradient(_ x: Float, _ y: Float, _ cotangent: Float) -> Float { x >= minimum && x <= maximum ? cotangent : 0 }
}
