import CKakudaiKernels

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
    let (input, slopes) = (inputs[0].storage, inputs[1].storage)
    let kernels = Kernels.current.pointwise
    return Tensor(shape: shape) { output in
      ChannelPlanes(shape).forEach { _, range, channel in
        kernels.apply(
          CK_LEAKY_RELU, slopes.elements[slopes.count == 1 ? 0 : channel], 0, input.elements + range.lowerBound,
          output.baseAddress! + range.lowerBound, range.count)
      }
      withExtendedLifetime((input, slopes)) {}
    }
  }

  func gradients(_ context: GradientContext) -> [Tensor?] {
    let (input, slopes) = (context.inputs[0].storage, context.inputs[1].storage)
    let cotangent = context.cotangent.storage
    let kernels = Kernels.current.pointwise
    let gradients = ChannelPlanes(context.output.shape).gradients(parameters: slopes.count) {
      range, channel, gradient, sums in
      sums[0] = kernels.preluGradient(
        input.elements + range.lowerBound, cotangent.elements + range.lowerBound,
        slopes.elements[slopes.count == 1 ? 0 : channel], gradient, range.count)
    }
    withExtendedLifetime((input, slopes, cotangent)) {}
    return [gradients.input, Tensor(gradients.parameters)]
  }
}

/// x where it is positive, `weight`·x elsewhere, one weight for all channels or one each; shapes `(N, C, …)` and `(1)` or `(C)`.
public func prelu(_ x: Tensor, _ weight: Tensor) -> Tensor { ParametricReLU()(x, weight) }
