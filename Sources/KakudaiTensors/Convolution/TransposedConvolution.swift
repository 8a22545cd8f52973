/// A two-dimensional transposed convolution; the inputs are `input`, `weight` and, where there is one, `bias`.
///
/// Each input pixel adds its multiple of the kernel to the output, kernels of neighbours `stride` pixels apart:
/// `output[n][o][y·s + k·d − p][x·s + l·d − p] += weight[i][o][k][l] · input[n][i][y][x]`, starting from `bias[o]`; what falls
/// outside the output is dropped (PyTorch's `F.conv_transpose2d`). It is the gradient of `conv2d` by its input.
package struct TransposedConvolution: Operation {
  package static let name = "convTranspose2d"
  package let geometry: ConvolutionGeometry

  package init(geometry: ConvolutionGeometry) { self.geometry = geometry }

  package func outputShape(of inputs: [Shape]) throws(ShapeError) -> Shape {
    try geometry.transposedShape(
      Self.name, input: inputs[0], weight: inputs[1], bias: inputs.count > 2 ? inputs[2] : nil)
  }

  package func value(of inputs: [Tensor], shape: Shape) -> Tensor {
    value(of: inputs, shape: shape, epilogue: .none)
  }

  package func gradients(_ context: GradientContext) -> [Tensor?] {
    let (input, weight, cotangent) = (context.inputs[0], context.inputs[1], context.cotangent)
    let extents = ConvolutionExtents(geometry, fine: cotangent.shape, coarse: input.shape, weight: weight.shape)
    var gradients: [Tensor?] = [
      context.wanted[0]
        ? CorrelationPlan.compute(
          .correlation, extents, input: cotangent, weight: weight, bias: nil, shape: input.shape) : nil,
      context.wanted[1]
        ? WeightGradient.compute(extents, coarse: input, fine: cotangent, shape: weight.shape) : nil,
    ]
    if context.inputs.count > 2 { gradients.append(context.wanted[2] ? cotangent.channelSums() : nil) }
    return gradients
  }
}

/// Enlarges pictures by adding up scaled kernels, PyTorch's `F.conv_transpose2d`.
///
/// `output size = (size − 1)·stride − 2·padding + dilation·(kernel − 1) + outputPadding + 1`, per axis. Stops with the
/// numbers where the shapes do not fit or an output would be empty.
///
/// - Parameters:
///   - input: `(N, Cin, H, W)` or `(Cin, H, W)`; N may be 0.
///   - weight: `(Cin, Cout / groups, kH, kW)`: input channels first, unlike `conv2d`.
///   - bias: `(Cout)`.
///   - padding: What is *cropped* from each border of the output.
///   - outputPadding: Rows and columns beyond the end of the output, less than the stride or the dilation.
///   - outputSize: The size wanted among those that `stride` makes possible, in place of `outputPadding`.
public func convTranspose2d(
  _ input: Tensor, _ weight: Tensor, _ bias: Tensor? = nil, stride: PerAxis = 1, padding: PerAxis = 0,
  outputPadding: PerAxis = 0, groups: Int = 1, dilation: PerAxis = 1, outputSize: PerAxis? = nil
) -> Tensor {
  var geometry = ConvolutionGeometry(
    transposedWith: padding, stride: stride, outputPadding: outputPadding, dilation: dilation, groups: groups)
  if let outputSize {
    geometry = stopping { () throws(ShapeError) in
      try geometry.withOutputSize(
        (outputSize.height, outputSize.width), TransposedConvolution.name, input: input.shape, weight: weight.shape)
    }
  }
  return TransposedConvolution(geometry: geometry).apply(to: [input, weight] + (bias.map { [$0] } ?? []))
}

extension ConvolutionGeometry {
  /// The geometry of a transposed convolution.
  package init(
    transposedWith padding: PerAxis, stride: PerAxis, outputPadding: PerAxis, dilation: PerAxis, groups: Int
  ) {
    self.init(
      vertical: Axis(
        stride: stride.height, dilation: dilation.height, padding: padding.height,
        outputPadding: outputPadding.height),
      horizontal: Axis(
        stride: stride.width, dilation: dilation.width, padding: padding.width, outputPadding: outputPadding.width),
      groups: groups)
  }
}
