public import KakudaiTensors

/// Enlarges pictures with learned kernels, PyTorch's `nn.ConvTranspose2d`: `(N, Cin, H, W)` or `(Cin, H, W)`.
///
/// Each input pixel adds its multiple of the kernel to the output, kernels of neighbours `stride` pixels apart. Per axis,
/// `output = (input − 1)·stride − 2·padding + dilation·(kernelSize − 1) + outputPadding + 1`. Where the kernel size is not a
/// multiple of the stride, some outputs are covered more often than others: the checkerboard that `kakudai explain` draws.
///
/// The weight is `(inChannels, outChannels / groups, kH, kW)`, input channels first. Arguments that no input could make sense
/// of stop the program here, with the numbers.
public struct ConvTranspose2d: Module {
  public var weight: Tensor
  public var bias: Tensor?
  public let stride: PerAxis
  /// What is cropped from each border of the output.
  public let padding: PerAxis
  /// Rows and columns beyond the end of the output; less than the stride or the dilation.
  public let outputPadding: PerAxis
  public let groups: Int
  public let dilation: PerAxis

  public init(
    inChannels: Int, outChannels: Int, kernelSize: PerAxis, stride: PerAxis = 1, padding: PerAxis = 0,
    outputPadding: PerAxis = 0, groups: Int = 1, bias: Bool = true, dilation: PerAxis = 1
  ) {
    let geometry = ConvolutionGeometry(
      transposedWith: padding, stride: stride, outputPadding: outputPadding, dilation: dilation, groups: groups)
    stopping { () throws(ShapeError) in
      try geometry.checkLayer(
        "ConvTranspose2d", inChannels: inChannels, outChannels: outChannels, kernelSize: kernelSize)
    }
    // PyTorch takes the second axis of the weight for the number of inputs, which here is that of outputs.
    let fanIn = outChannels / groups * kernelSize.height * kernelSize.width
    weight = .initial([inChannels, outChannels / groups, kernelSize.height, kernelSize.width], fanIn: fanIn)
    self.bias = bias ? .initial([outChannels], fanIn: fanIn) : nil
    (self.stride, self.padding, self.outputPadding) = (stride, padding, outputPadding)
    (self.groups, self.dilation) = (groups, dilation)
  }

  public func callAsFunction(_ input: Tensor) -> Tensor { self(input, outputSize: nil) }

  /// Computes an output of the size asked for, one of those that the stride makes possible; it replaces `outputPadding`.
  public func callAsFunction(_ input: Tensor, outputSize: PerAxis?) -> Tensor {
    convTranspose2d(
      input, weight, bias, stride: stride, padding: padding, outputPadding: outputPadding, groups: groups,
      dilation: dilation, outputSize: outputSize)
  }

  public mutating func visitParameters(_ visitor: inout some ParameterVisitor) {
    visitor.visit("weight", &weight)
    visitor.visit("bias", &bias)
  }

  public var printedAttributes: String {
    convolutionAttributes(
      weight.shape[0], weight.shape[1] * groups, weight: weight, stride: stride,
      padding: padding == 0 ? nil : padding.description, dilation: dilation, outputPadding: outputPadding,
      groups: groups, hasBias: bias != nil)
  }
}
