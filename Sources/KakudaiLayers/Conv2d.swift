public import KakudaiTensors

/// Correlates pictures with learned kernels, PyTorch's `nn.Conv2d`: `(N, Cin, H, W)` or `(Cin, H, W)`.
///
/// Per axis, `output = ⌊(input + 2·padding − dilation·(kernelSize − 1) − 1) / stride⌋ + 1`. The weight is
/// `(outChannels, inChannels / groups, kH, kW)`. Arguments that no input could make sense of stop the program here, with the
/// numbers.
public struct Conv2d: Module {
  public var weight: Tensor
  public var bias: Tensor?
  public let stride: PerAxis
  public let padding: ConvolutionPadding
  public let dilation: PerAxis
  public let groups: Int
  public let paddingMode: PaddingMode

  public init(
    inChannels: Int, outChannels: Int, kernelSize: PerAxis, stride: PerAxis = 1, padding: ConvolutionPadding = 0,
    dilation: PerAxis = 1, groups: Int = 1, bias: Bool = true, paddingMode: PaddingMode = .zeros
  ) {
    stopping { () throws(ShapeError) in
      try ConvolutionGeometry(
        convolutionWith: padding, kernelSize: kernelSize, stride: stride, dilation: dilation, groups: groups
      ).checkLayer("Conv2d", inChannels: inChannels, outChannels: outChannels, kernelSize: kernelSize)
    }
    let fanIn = inChannels / groups * kernelSize.height * kernelSize.width
    weight = .initial([outChannels, inChannels / groups, kernelSize.height, kernelSize.width], fanIn: fanIn)
    self.bias = bias ? .initial([outChannels], fanIn: fanIn) : nil
    (self.stride, self.padding, self.dilation) = (stride, padding, dilation)
    (self.groups, self.paddingMode) = (groups, paddingMode)
  }

  public func callAsFunction(_ input: Tensor) -> Tensor {
    guard paddingMode != .zeros else {
      return conv2d(input, weight, bias, stride: stride, padding: padding, dilation: dilation, groups: groups)
    }
    let amounts = stopping { () throws(ShapeError) in
      try padding.amounts(
        kernelSize: PerAxis(height: weight.shape[2], width: weight.shape[3]), stride: stride, dilation: dilation,
        "Conv2d")
    }
    let padded = pad(
      input,
      [amounts.horizontal.before, amounts.horizontal.after, amounts.vertical.before, amounts.vertical.after],
      mode: paddingMode)
    return conv2d(padded, weight, bias, stride: stride, dilation: dilation, groups: groups)
  }

  public mutating func visitParameters(_ visitor: inout some ParameterVisitor) {
    visitor.visit("weight", &weight)
    visitor.visit("bias", &bias)
  }

  public var printedAttributes: String {
    let printedPadding: String? =
      switch padding {
      case .same: "same"
      case .pixels(let padding): padding == 0 ? nil : padding.description
      }
    return convolutionAttributes(
      weight.shape[1] * groups, weight.shape[0], weight: weight, stride: stride, padding: printedPadding,
      dilation: dilation, outputPadding: 0, groups: groups, hasBias: bias != nil)
      + (paddingMode == .zeros ? "" : ", padding_mode=\(paddingMode.rawValue)")
  }
}

extension ConvolutionGeometry {
  /// What a layer can check before there is an input.
  func checkLayer(
    _ layer: String, inChannels: Int, outChannels: Int, kernelSize: PerAxis
  ) throws(ShapeError) {
    try checkAttributes(layer)
    try checkKernel(layer, height: kernelSize.height, width: kernelSize.width)
    try checkChannels(layer, inChannels: inChannels, outChannels: outChannels)
  }
}

/// The attributes of both convolutions, as PyTorch prints them: what has its usual value is left out.
func convolutionAttributes(
  _ inChannels: Int, _ outChannels: Int, weight: Tensor, stride: PerAxis, padding: String?, dilation: PerAxis,
  outputPadding: PerAxis, groups: Int, hasBias: Bool
) -> String {
  var parts = [
    "\(inChannels)", "\(outChannels)", "kernel_size=(\(weight.shape[2]), \(weight.shape[3]))", "stride=\(stride)",
  ]
  if let padding { parts.append("padding=\(padding)") }
  if dilation != 1 { parts.append("dilation=\(dilation)") }
  if outputPadding != 0 { parts.append("output_padding=\(outputPadding)") }
  if groups != 1 { parts.append("groups=\(groups)") }
  if !hasBias { parts.append("bias=False") }
  return parts.joined(separator: ", ")
}
