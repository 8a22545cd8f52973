public import KakudaiLayers
public import KakudaiTensors

/// The sub-pixel network of Shi et al. (2016): luma `(N, 1, H, W) → (N, 1, scale·H, scale·W)`.
///
/// `pixelShuffle(conv3(tanh(conv2(tanh(conv1(x))))))` with kernels of 5, 3 and 3, and 64 and 32 channels; all layers run at the
/// small size.
public struct ESPCN: SuperResolutionNetwork {
  public static let architecture = "espcn"

  public let scale: Int
  public var conv1: Conv2d
  public var conv2: Conv2d
  /// To scale² channels, one for each pixel of a block.
  public var conv3: Conv2d

  public var channels: Int { 1 }
  public var widestChannels: Int { max(conv1.weight.shape[0], scale * scale) }
  public var options: [String: Int] { [:] }

  public init(scale: Int) {
    self.scale = scale
    conv1 = Conv2d(inChannels: 1, outChannels: 64, kernelSize: 5, padding: 2)
    conv2 = Conv2d(inChannels: 64, outChannels: 32, kernelSize: 3, padding: 1)
    conv3 = Conv2d(inChannels: 32, outChannels: scale * scale, kernelSize: 3, padding: 1)
  }

  public func callAsFunction(_ input: Tensor) -> Tensor {
    pixelShuffle(conv3(tanh(conv2(tanh(conv1(input))))), upscaleFactor: scale)
  }

  public mutating func visitParameters(_ visitor: inout some ParameterVisitor) {
    visitor.visit("conv1", &conv1)
    visitor.visit("conv2", &conv2)
    visitor.visit("conv3", &conv3)
  }
}
