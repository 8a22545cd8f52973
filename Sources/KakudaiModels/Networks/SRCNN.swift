public import KakudaiLayers
public import KakudaiTensors

/// The first convolutional super-resolution network (Dong, Loy, He and Tang, 2014): luma
/// `(N, 1, H, W) → (N, 1, scale·H, scale·W)`.
///
/// The picture is enlarged by the cubic kernel first; on the result `conv3(relu(conv2(relu(conv1(x)))))` with kernels of
/// 9, 5 and 5 (the 9-5-5 net of the extended paper, 2016) and 64 and 32 channels.
public struct SRCNN: SuperResolutionNetwork {
  public static let architecture = "srcnn"

  public var conv1: Conv2d
  public var conv2: Conv2d
  public var conv3: Conv2d
  private let bicubic: TransposedBicubic

  public var scale: Int { bicubic.scale }
  public var channels: Int { 1 }
  /// At the large size, so `scale²` times as many at the small one.
  public var widestChannels: Int { scale * scale * conv1.weight.shape[0] }
  public var options: [String: Int] { ["middle": conv2.weight.shape[2]] }
  public var multiplyAddsPerPixel: Int { scale * scale * convolutionWeightCount + bicubic.multiplyAddsPerPixel }

  /// - Parameter middle: The kernel size of the second layer: 5, or 1 as in the first paper.
  public init(scale: Int, middle: Int = 5) {
    conv1 = Conv2d(inChannels: 1, outChannels: 64, kernelSize: 9, padding: 4)
    conv2 = Conv2d(inChannels: 64, outChannels: 32, kernelSize: PerAxis(middle), padding: .same)
    conv3 = Conv2d(inChannels: 32, outChannels: 1, kernelSize: 5, padding: 2)
    bicubic = TransposedBicubic(channels: 1, scale: scale)
  }

  public func callAsFunction(_ input: Tensor) -> Tensor {
    conv3(relu(conv2(relu(conv1(bicubic(input))))))
  }

  public mutating func visitParameters(_ visitor: inout some ParameterVisitor) {
    visitor.visit("conv1", &conv1)
    visitor.visit("conv2", &conv2)
    visitor.visit("conv3", &conv3)
  }
}
