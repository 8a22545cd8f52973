/// A function of two numbers, applied to pairs of elements.
protocol PairwiseFunction: Sendable {
  static var name: String { get }
  static func value(_ left: Float, _ right: Float) -> Float
  static func leftGradient(_ left: Float, _ right: Float, _ cotangent: Float) -> Float
  static func rightGradient(_ left: Float, _ right: Float, _ cotangent: Float) -> Float
}

/// Applies a function of two numbers to pairs of elements; the smaller operand is stretched as in NumPy.
struct Pairwise<Function: PairwiseFunction>: Operation {
  static var name: String { Function.name }

  func outputShape(of inputs: [Shape]) throws(ShapeError) -> Shape { try broadcast(inputs[0], inputs[1], Self.name) }

  func value(of inputs: [Tensor], shape: Shape) -> Tensor {
    combined(inputs[0], inputs[1], shape) { left, right, _ in Function.value(left, right) }
  }

  func gradients(_ context: GradientContext) -> [Tensor?] {
    let (left, right, shape) = (context.inputs[0], context.inputs[1], context.output.shape)
    return context.cotangent.withUnsafeBufferPointer { cotangent in
      [
        context.wanted[0]
          ? combined(left, right, shape) { Function.leftGradient($0, $1, cotangent[$2]) }.summed(to: left.shape) : nil,
        context.wanted[1]
          ? combined(left, right, shape) { Function.rightGradient($0, $1, cotangent[$2]) }.summed(to: right.shape)
          : nil,
      ]
    }
  }

  /// A tensor of `function(left, right, index)` for every pair of elements.
  @inline(__always)
  private func combined(
    _ left: Tensor, _ right: Tensor, _ shape: Shape, _ function: (Float, Float, Int) -> Float
  ) -> Tensor {
    let length = shape.rowLength
    let (leftRows, rightRows) = (BroadcastRows(of: left.shape, in: shape), BroadcastRows(of: right.shape, in: shape))
    let isAligned = left.shape.elementCount == shape.elementCount && right.shape.elementCount == shape.elementCount
    return Tensor(shape: shape) { output in
      left.withUnsafeBufferPointer { left in
        right.withUnsafeBufferPointer { right in
          if isAligned {
            Parallel.forEach(output.count, minimumPerThread: elementsPerThread) { range in
              for index in range { output[index] = function(left[index], right[index], index) }
            }
          } else {
            Parallel.forEach(shape.rowCount, minimumPerThread: max(1, elementsPerThread / max(1, length))) { rows in
              for row in rows {
                let (leftStart, rightStart) = (leftRows.start(row), rightRows.start(row))
                for column in 0..<length {
                  output[row * length + column] = function(
                    left[leftStart + column * leftRows.step], right[rightStart + column * rightRows.step],
                    row * length + column)
                }
              }
            }
          }
        }
      }
    }
  }
}

private enum Sum: PairwiseFunction {
  static let name = "add"
  static func value(_ left: Float, _ right: Float) -> Float { left + right }
  static func leftGradient(_ left: Float, _ right: Float, _ cotangent: Float) -> Float { cotangent }
  static func rightGradient(_ left: Float, _ right: Float, _ cotangent: Float) -> Float { cotangent }
}

private enum Difference: PairwiseFunction {
  static let name = "subtract"
  static func value(_ left: Float, _ right: Float) -> Float { left - right }
  static func leftGradient(_ left: Float, _ right: Float, _ cotangent: Float) -> Float { cotangent }
  static func rightGradient(_ left: Float, _ right: Float, _ cotangent: Float) -> Float { -cotangent }
}

private enum Product: PairwiseFunction {
  static let name = "multiply"
  static func value(_ left: Float, _ right: Float) -> Float { left * right }
  static func leftGradient(_ left: Float, _ right: Float, _ cotangent: Float) -> Float { cotangent * right }
  static func rightGradient(_ left: Float, _ right: Float, _ cotangent: Float) -> Float { cotangent * left }
}

private enum Quotient: PairwiseFunction {
  static let name = "divide"
  static func value(_ left: Float, _ right: Float) -> Float { left / right }
  static func leftGradient(_ left: Float, _ right: Float, _ cotangent: Float) -> Float { cotangent / right }
  static func rightGradient(_ left: Float, _ right: Float, _ cotangent: Float) -> Float {
    -cotangent * ((left / right) / right)
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
