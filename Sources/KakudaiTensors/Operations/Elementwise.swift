import CKakudaiKernels

/// A function of one number, applied to every element of a tensor by a kernel.
protocol ElementwiseFunction: Sendable {
  static var name: String { get }
  /// Its value and derivative stand in `Bodies/pointwise.h`.
  static var kernel: ck_function { get }
  var parameters: (Float, Float) { get }
}

extension ElementwiseFunction {
  var parameters: (Float, Float) { (0, 0) }
}

/// Applies a function of one number to every element; shapes `(…) → (…)`.
struct Elementwise<Function: ElementwiseFunction>: Operation {
  static var name: String { Function.name }
  let function: Function

  init(_ function: Function) { self.function = function }

  func outputShape(of inputs: [Shape]) throws(ShapeError) -> Shape { inputs[0] }

  func value(of inputs: [Tensor], shape: Shape) -> Tensor {
    let (kernels, parameters) = (Kernels.current.pointwise, function.parameters)
    return Tensor(shape: shape, from: inputs[0]) { range, output, input in
      kernels.apply(Function.kernel, parameters.0, parameters.1, input, output, range.count)
    }
  }

  func gradients(_ context: GradientContext) -> [Tensor?] {
    let (kernels, parameters) = (Kernels.current.pointwise, function.parameters)
    let (output, cotangent) = (context.output.storage, context.cotangent.storage)
    let gradient = Tensor(shape: context.output.shape, from: context.inputs[0]) { range, result, input in
      kernels.applyGradient(
        Function.kernel, parameters.0, parameters.1, input, output.elements + range.lowerBound,
        cotangent.elements + range.lowerBound, result, range.count)
    }
    withExtendedLifetime((output, cotangent)) {}
    return [gradient]
  }
}

extension Tensor {
  /// A tensor that `body` computes from the elements of `input` at the same indices, part after part, in parallel.
  fileprivate init(
    shape: Shape, from input: Tensor,
    _ body: (Range<Int>, _ output: UnsafeMutablePointer<Float>, _ input: UnsafePointer<Float>) -> Void
  ) {
    self.init(shape: shape) { output in
      input.withUnsafeBufferPointer { input in
        Parallel.forEach(output.count, minimumPerThread: elementsPerThread) { range in
          body(range, output.baseAddress! + range.lowerBound, input.baseAddress! + range.lowerBound)
        }
      }
    }
  }
}

/// Elements worth a thread of their own: about 50 µs of simple arithmetic.
let elementsPerThread = 65_536
