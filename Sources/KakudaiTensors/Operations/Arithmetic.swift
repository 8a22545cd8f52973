import CKakudaiKernels

/// A function of two numbers, applied to pairs of elements by a kernel.
protocol PairwiseFunction: Sendable {
  static var name: String { get }
  static var kernel: ck_pairing { get }
  /// The cotangent times the derivative by one operand, before it is summed to the operand's shape.
  static func leftGradient(_ left: Tensor, _ right: Tensor, _ cotangent: Tensor) -> Tensor
  static func rightGradient(_ left: Tensor, _ right: Tensor, _ cotangent: Tensor) -> Tensor
}

/// Applies a function of two numbers to pairs of elements; the smaller operand is stretched as in NumPy.
struct Pairwise<Function: PairwiseFunction>: Operation {
  static var name: String { Function.name }

  func outputShape(of inputs: [Shape]) throws(ShapeError) -> Shape { try broadcast(inputs[0], inputs[1], Self.name) }

  func value(of inputs: [Tensor], shape: Shape) -> Tensor {
    let runs = BroadcastRuns(of: inputs.map(\.shape), in: shape)
    let kernels = Kernels.current.pointwise
    let (left, right) = (inputs[0].storage, inputs[1].storage)
    return Tensor(shape: shape) { output in
      // Long runs are split, short ones dealt out.
      let parts = max(1, runs.length / elementsPerThread)
      Parallel.forEach(runs.count * parts, minimumPerThread: max(1, elementsPerThread * parts / max(1, runs.length))) {
        for index in $0 {
          let (run, part) = index.quotientAndRemainder(dividingBy: parts)
          let (start, end) = (runs.length * part / parts, runs.length * (part + 1) / parts)
          kernels.combine(
            Function.kernel, left.elements + runs.start(run, of: 0) + start * runs.steps[0], runs.steps[0],
            right.elements + runs.start(run, of: 1) + start * runs.steps[1], runs.steps[1],
            output.baseAddress! + run * runs.length + start, end - start)
        }
      }
      withExtendedLifetime((left, right)) {}
    }
  }

  func gradients(_ context: GradientContext) -> [Tensor?] {
    let (left, right) = (context.inputs[0].unrecorded, context.inputs[1].unrecorded)
    return [
      context.wanted[0] ? Function.leftGradient(left, right, context.cotangent).summed(to: left.shape) : nil,
      context.wanted[1] ? Function.rightGradient(left, right, context.cotangent).summed(to: right.shape) : nil,
    ]
  }
}

private enum Sum: PairwiseFunction {
  static let name = "add"
  static let kernel = CK_ADD
  static func leftGradient(_ left: Tensor, _ right: Tensor, _ cotangent: Tensor) -> Tensor { cotangent }
  static func rightGradient(_ left: Tensor, _ right: Tensor, _ cotangent: Tensor) -> Tensor { cotangent }
}

private enum Difference: PairwiseFunction {
  static let name = "subtract"
  static let kernel = CK_SUBTRACT
  static func leftGradient(_ left: Tensor, _ right: Tensor, _ cotangent: Tensor) -> Tensor { cotangent }
  static func rightGradient(_ left: Tensor, _ right: Tensor, _ cotangent: Tensor) -> Tensor { -cotangent }
}

private enum Product: PairwiseFunction {
  static let name = "multiply"
  static let kernel = CK_MULTIPLY
  static func leftGradient(_ left: Tensor, _ right: Tensor, _ cotangent: Tensor) -> Tensor { cotangent * right }
  static func rightGradient(_ left: Tensor, _ right: Tensor, _ cotangent: Tensor) -> Tensor { cotangent * left }
}

private enum Quotient: PairwiseFunction {
  static let name = "divide"
  static let kernel = CK_DIVIDE
  static func leftGradient(_ left: Tensor, _ right: Tensor, _ cotangent: Tensor) -> Tensor { cotangent / right }
  static func rightGradient(_ left: Tensor, _ right: Tensor, _ cotangent: Tensor) -> Tensor {
    -cotangent * (left / right / right)
  }
}

/// Arithmetic on elements. Operands of different shapes are matched from the last axis, an extent of 1 or a missing axis
/// being stretched; shapes that do not fit stop the program with both.
extension Tensor {
  public static func + (left: Tensor, right: Tensor) -> Tensor { Pairwise<Sum>()(left, right) }
  public static func - (left: Tensor, right: Tensor) -> Tensor { Pairwise<Difference>()(left, right) }
  public static func * (left: Tensor, right: Tensor) -> Tensor { Pairwise<Product>()(left, right) }
  public static func / (left: Tensor, right: Tensor) -> Tensor { Pairwise<Quotient>()(left, right) }

  public static func + (left: Tensor, right: Float) -> Tensor { left + Tensor(right) }
  public static func + (left: Float, right: Tensor) -> Tensor { Tensor(left) + right }
  public static func - (left: Tensor, right: Float) -> Tensor { left - Tensor(right) }
  public static func - (left: Float, right: Tensor) -> Tensor { Tensor(left) - right }
  public static func * (left: Tensor, right: Float) -> Tensor { left * Tensor(right) }
  public static func * (left: Float, right: Tensor) -> Tensor { Tensor(left) * right }
  public static func / (left: Tensor, right: Float) -> Tensor { left / Tensor(right) }
  public static func / (left: Float, right: Tensor) -> Tensor { Tensor(left) / right }

  public static prefix func - (x: Tensor) -> Tensor { Tensor(-1) * x }

  public static func += (left: inout Tensor, right: Tensor) { left = left + right }
  public static func -= (left: inout Tensor, right: Tensor) { left = left - right }
  public static func *= (left: inout Tensor, right: Float) { left = left * right }
}
