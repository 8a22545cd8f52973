/// A two-dimensional cross-correlation; the inputs are `input`, `weight` and, where there is one, `bias`.
///
/// `output[n][o][y][x] = bias[o] + Σ_{i,k,l} weight[o][i][k][l] · input[n][i][y·s + k·d − p][x·s + l·d − p]`, `i` over the
/// input channels of the group of `o`; what lies outside the input is 0 (PyTorch's `F.conv2d`).
package struct Convolution: Operation {
  package static let name = "conv2d"
  package let geometry: ConvolutionGeometry

  package init(geometry: ConvolutionGeometry) { self.geometry = geometry }

  package func outputShape(of inputs: [Shape]) throws(ShapeError) -> Shape {
    try geometry.convolutionShape(
      Self.name, input: inputs[0], weight: inputs[1], bias: inputs.count > 2 ? inputs[2] : nil)
  }

  package func value(of inputs: [Tensor], shape: Shape) -> Tensor {
    value(of: inputs, shape: shape, epilogue: .none)
  }

  package func gradients(_ context: GradientContext) -> [Tensor?] {
    let (input, weight, cotangent) = (context.inputs[0], context.inputs[1], context.cotangent)
    let extents = ConvolutionExtents(geometry, fine: input.shape, coarse: cotangent.shape, weight: weight.shape)
    var gradients: [Tensor?] = [
      context.wanted[0]
        ? CorrelationPlan.compute(
          .transpose, extents, input: cotangent, weight: weight, bias: nil, shape: input.shape) : nil,
      context.wanted[1]
        ? WeightGradient.compute(extents, coarse: cotangent, fine: input, shape: weight.shape) : nil,
    ]
    if context.inputs.count > 2 { gradients.append(context.wanted[2] ? cotangent.channelSums() : nil) }
    return gradients
  }
}

/// How a convolution treats the border of its input.
public enum ConvolutionPadding: Hashable, Sendable, ExpressibleByIntegerLiteral, ExpressibleByArrayLiteral {
  /// That many pixels at both ends of each axis.
  case pixels(PerAxis)

  /// As many as keep the size, the odd one at the end; needs stride 1 (PyTorch's `padding="same"`).
  case same

  public init(integerLiteral value: Int) { self = .pixels(PerAxis(value)) }

  public init(arrayLiteral elements: Int...) {
    guard elements.count == 2 else {
      fatalError("a padding takes [height, width], but \(elements) has \(elements.count) elements")
    }
    self = .pixels(PerAxis(height: elements[0], width: elements[1]))
  }

  /// The pixels before and after each axis.
  ///
  /// - Throws: when `same` meets a stride.
  package func amounts(
    kernelSize: PerAxis, stride: PerAxis, dilation: PerAxis, _ operation: String
  ) throws(ShapeError) -> (vertical: (before: Int, after: Int), horizontal: (before: Int, after: Int)) {
    switch self {
    case .pixels(let padding):
      return ((padding.height, padding.height), (padding.width, padding.width))
    case .same:
      guard stride == 1 else {
        throw ShapeError(operation, "padding .same needs stride 1, but the stride is \(stride)")
      }
      let (rows, columns) = (dilation.height * (kernelSize.height - 1), dilation.width * (kernelSize.width - 1))
      return ((rows / 2, rows - rows / 2), (columns / 2, columns - columns / 2))
    }
  }
}

/// Correlates pictures with kernels, PyTorch's `F.conv2d`.
///
/// `output size = ⌊(size + 2·padding − dilation·(kernel − 1) − 1) / stride⌋ + 1`, per axis. Stops with the numbers where the
/// shapes do not fit or an output would be empty.
///
/// - Parameters:
///   - input: `(N, Cin, H, W)` or `(Cin, H, W)`; N may be 0.
///   - weight: `(Cout, Cin / groups, kH, kW)`.
///   - bias: `(Cout)`.
public func conv2d(
  _ input: Tensor, _ weight: Tensor, _ bias: Tensor? = nil, stride: PerAxis = 1, padding: ConvolutionPadding = 0,
  dilation: PerAxis = 1, groups: Int = 1
) -> Tensor {
  let geometry = stopping { () throws(ShapeError) in
    try ConvolutionGeometry(
      convolutionWith: padding, kernelSize: PerAxis(height: weight.extent(-2), width: weight.extent(-1)),
      stride: stride, dilation: dilation, groups: groups)
  }
  return Convolution(geometry: geometry).apply(to: [input, weight] + (bias.map { [$0] } ?? []))
}

extension ConvolutionGeometry {
  /// The geometry of a convolution.
  package init(
    convolutionWith padding: ConvolutionPadding, kernelSize: PerAxis, stride: PerAxis, dilation: PerAxis, groups: Int
  ) throws(ShapeError) {
    let amounts = try padding.amounts(
      kernelSize: kernelSize, stride: stride, dilation: dilation, Convolution.name)
    self.init(
      vertical: Axis(
        stride: stride.height, dilation: dilation.height, paddingBefore: amounts.vertical.before,
        paddingAfter: amounts.vertical.after, outputPadding: 0),
      horizontal: Axis(
        stride: stride.width, dilation: dilation.width, paddingBefore: amounts.horizontal.before,
        paddingAfter: amounts.horizontal.after, outputPadding: 0),
      groups: groups)
  }
}

extension Tensor {
  /// The extent along `axis` counted from the end, or 1 where there is no such axis, which a shape rule then reports.
  fileprivate func extent(_ axis: Int) -> Int { rank >= -axis ? shape[axis] : 1 }
}
