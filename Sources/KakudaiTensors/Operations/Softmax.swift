#if canImport(Glibc)
import Glibc
#elseif canImport(Darwin)
import Darwin
#endif

/// e^xᵢ / Σⱼ e^xⱼ along one axis, or its logarithm; the largest element is subtracted first, sums are in Double.
struct Softmax: Operation {
  static let name = "softmax"
  let axis: Int
  let isLogarithm: Bool

  func outputShape(of inputs: [Shape]) throws(ShapeError) -> Shape {
    _ = try inputs[0].axis(axis, of: isLogarithm ? "logSoftmax" : Self.name)
    return inputs[0]
  }

  func value(of inputs: [Tensor], shape: Shape) -> Tensor {
    Tensor(shape: shape) { output in
      inputs[0].withUnsafeBufferPointer { input in
        forEachLine(shape) { line in
          let largest = line.reduce(-Float.infinity) { input[$1] > $0 || input[$1].isNaN ? input[$1] : $0 }
          let sum = line.reduce(0.0) { $0 + Double(expf(input[$1] - largest)) }
          for index in line {
            output[index] =
              isLogarithm
              ? Float(Double(input[index] - largest) - log(sum)) : Float(Double(expf(input[index] - largest)) / sum)
          }
        }
      }
    }
  }

  func gradients(_ context: GradientContext) -> [Tensor?] {
    let gradient = Tensor(shape: context.output.shape) { result in
      context.output.withUnsafeBufferPointer { output in
        context.cotangent.withUnsafeBufferPointer { cotangent in
          forEachLine(context.output.shape) { line in
            let sum = line.reduce(0.0) {
              $0 + Double(cotangent[$1]) * (isLogarithm ? 1 : Double(output[$1]))
            }
            for index in line {
              let probability = isLogarithm ? exp(Double(output[index])) : Double(output[index])
              result[index] = Float(
                isLogarithm
                  ? Double(cotangent[index]) - probability * sum
                  : probability * (Double(cotangent[index]) - sum))
            }
          }
        }
      }
    }
    return [gradient]
  }

  /// The indices of each line of elements along the axis.
  private func forEachLine(_ shape: Shape, _ body: (StrideTo<Int>) -> Void) {
    let axis = axis < 0 ? axis + shape.rank : axis
    let inner = shape.dimensions[(axis + 1)...].reduce(1, *)
    let block = inner * shape[axis]
    guard block > 0 else { return }
    for start in stride(from: 0, to: shape.elementCount, by: block) {
      for line in start..<start + inner { body(stride(from: line, to: start + block, by: inner)) }
    }
  }
}

/// e^xᵢ / Σⱼ e^xⱼ along `axis`: positive numbers that sum to 1.
public func softmax(_ x: Tensor, axis: Int) -> Tensor { Softmax(axis: axis, isLogarithm: false)(x) }

/// The logarithm of `softmax`, without the loss of small probabilities.
public func logSoftmax(_ x: Tensor, axis: Int) -> Tensor { Softmax(axis: axis, isLogarithm: true)(x) }
