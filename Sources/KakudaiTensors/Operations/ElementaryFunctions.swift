import CKakudaiKernels

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
  static let kernel = CK_EXPONENTIAL
}

private struct Logarithm: ElementwiseFunction {
  static let name = "log"
  static let kernel = CK_LOGARITHM
}

private struct SquareRoot: ElementwiseFunction {
  static let name = "sqrt"
  static let kernel = CK_SQUARE_ROOT
}

private struct Magnitude: ElementwiseFunction {
  static let name = "abs"
  static let kernel = CK_MAGNITUDE
}

private struct Power: ElementwiseFunction {
  static let name = "power"
  static let kernel = CK_POWER
  let exponent: Float
  var parameters: (Float, Float) { (exponent, 0) }
}

private struct Clamp: ElementwiseFunction {
  static let name = "clamp"
  static let kernel = CK_CLAMP
  let minimum: Float
  let maximum: Float
  var parameters: (Float, Float) { (minimum, maximum) }
}
