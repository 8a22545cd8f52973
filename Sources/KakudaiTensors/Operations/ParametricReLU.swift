/// x where it is positive, a learned slope times x elsewhere; the inputs are `input` and `weight`.
///
/// Shapes `(N, C, …)`, or `(C)` for `weight` of C; a `weight` of `(1)` is shared by all channels (He et al., 2015; PyTorch's
/// `F.prelu`).
struct ParametricReLU: Operation {
  static let name = "prelu"

  func outputShape(of inputs: [Shape]) throws(ShapeError) -> Shape {
    let (input, weight) = (inputs[0], inputs[1])
    let channels = input.rank > 1 ? input[1] : 1
    guard weight.rank == 1 && (weight[0] == 1 || weight[0] == channels) else {
      throw ShapeError(Self.name, "the weight must be (1) or (\(channels)) for input \(input), but is \(weight)")
    }
    return input
  }

  func value(of inputs: [Tensor], shape: Shape) -> Tensor {
    Tensor(shape: shape) { output in
      inputs[0].withUnsafeBufferPointer { input in
        forEachChannel(shape, slopes: inputs[1].elements, isParallel: true) { range, slope, _ in
          for index in range { output[index] = input[index] > 0 ? input[index] : input[index] * slope }
        }
      }
    }
  }

  func gradients(_ context: GradientContext) -> [Tensor?] {
    let slopes = context.inputs[1].elements
    var sums = [Double](repeating: 0, count: slopes.count)
    let gradient = Tensor(shape: context.output.shape) { result in
      context.inputs[0].withUnsafeBufferPointer { input in
        context.cotangent.withUnsafeBufferPointer { cotangent in
          forEachChannel(context.output.shape, slopes: slopes, isParallel: false) { range, slope, parameter in
            var sum = 0.0
            for index in range {
              let isPositive = input[index] > 0
              result[index] = isPositive ? cotangent[index] : cotangent[index] * slope
              sum += isPositive ? 0 : Double(input[index]) * Double(cotangent[index])
            }
            sums[parameter] += sum
          }
        }
      }
    }
    return [gradient, Tensor(sums.map { Float($0) })]
  }

  /// Planes in parallel; those of the gradient add up the slopes' sums, and so take turns.
  private func forEachChannel(
    _ shape: Shape, slopes: [Float], isParallel: Bool, _ body: (Range<Int>, Float, Int) -> Void
  ) {
    let channels = shape.rank > 1 ? shape[1] : 1
    let images = shape.rank > 1 ? shape[0] : 1
    let plane = shape.elementCount / max(1, images * channels)
    Parallel.forEach(
      images * channels, minimumPerThread: isParallel ? max(1, elementsPerThread / max(1, plane)) : .max
    ) { planes in
      for index in planes {
        let parameter = slopes.count == 1 ? 0 : index % channels
        body(index * plane..<(index + 1) * plane, slopes[parameter], parameter)
      }
    }
  }
}

/// x where it is positive, `weight`·x elsewhere, one weight for all channels or one each; shapes `(N, C, …)` and `(1)` or `(C)`.
public func prelu(_ x: Tensor, _ weight: Tensor) -> Tensor { ParametricReLU()(x, weight) }
