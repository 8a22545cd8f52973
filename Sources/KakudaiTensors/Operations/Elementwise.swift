/// A function of one number, applied to every element of a tensor.
protocol ElementwiseFunction: Sendable {
  static var name: String { get }
  func value(_ x: Float) -> Float
  /// The derivative at `x`, where the value is `y`, times the cotangent.
  func gradient(_ x: Float, _ y: Float, _ cotangent: Float) -> Float
}

/// Applies a function of one number to every element; shapes `(…) → (…)`.
struct Elementwise<Function: ElementwiseFunction>: Operation {
  static var name: String { Function.name }
  let function: Function

  init(_ function: Function) { self.function = function }

  func outputShape(of inputs: [Shape]) throws(ShapeError) -> Shape { inputs[0] }

  func value(of inputs: [Tensor], shape: Shape) -> Tensor {
    Tensor(shape: shape) { output in
      inputs[0].withUnsafeBufferPointer { input in
        Parallel.forEach(input.count, minimumPerThread: elementsPerThread) { range in
          for index in range { output[index] = function.value(input[index]) }
        }
      }
    }
  }

  func gradients(_ context: GradientContext) -> [Tensor?] {
    let gradient = Tensor(shape: context.output.shape) { result in
      context.inputs[0].withUnsafeBufferPointer { x in
        context.output.withUnsafeBufferPointer { y in
          context.cotangent.withUnsafeBufferPointer { cotangent in
            Parallel.forEach(x.count, minimumPerThread: elementsPerThread) { range in
              for index in range { result[index] = function.gradient(x[index], y[index], cotangent[index]) }
            }
          }
        }
      }
    }
    return [gradient]
  }
}

/// Elements worth a thread of their own: about 50 µs of simple arithmetic.
let elementsPerThread = 65_536
