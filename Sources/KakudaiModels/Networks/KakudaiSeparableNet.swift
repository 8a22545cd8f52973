public import KakudaiLayers
public import KakudaiTensors

/// Our network in depthwise separable 3×3 layers (after Howard et al. 2017, "MobileNets", with one activation for
/// both convolutions), then one transposed convolution that adds what cubic enlargement lacks. Luma,
/// `(N, 1, H, W) → (N, 1, scale·H, scale·W)`.
///
/// `enlargement(mapping(f) + f) + bicubic(x)` with `f = feature(x)`; each layer but the last ends with a PReLU, with more hinges
/// or without. For the same multiply-adds a layer has more than twice the channels of a dense one, and so as many more activations.
public struct KakudaiSeparableNet: SuperResolutionNetwork {
  public static var architecture: String { "kakudai-separable" }

  public let scale: Int
  /// 3×3, from luma.
  public var feature: Conv2d
  public var featureActivation: PiecewiseLinear
  /// 3×3.
  public var depthwise: [Conv2d]
  /// 1×1, after it.
  public var pointwise: [Conv2d]
  public var mappingActivations: [PiecewiseLinear]
  public var enlargement: ConvTranspose2d
  private let bicubic: TransposedBicubic

  public var channels: Int { 1 }
  public var width: Int { enlargement.weight.shape[0] }
  public var hinges: Int { featureActivation.heights.shape[1] }
  public var widestChannels: Int { width }
  public var options: [String: Int] { ["width": width, "depth": pointwise.count, "hinges": hinges] }

  /// - Parameters:
  ///   - width: Channels of all layers but the last.
  ///   - depth: Pairs of a depthwise and a pointwise convolution.
  ///   - hinges: Of each activation, besides that of a PReLU.
  public init(scale: Int, width: Int, depth: Int, hinges: Int = 0) {
    self.scale = scale
    feature = Conv2d(inChannels: 1, outChannels: width, kernelSize: 3, padding: 1)
    featureActivation = PiecewiseLinear(channels: width, hinges: hinges)
    depthwise = (0..<depth).map { _ in Conv2d(nearIdentityOf: width, kernelSize: 3, groups: width) }
    pointwise = (0..<depth).map { _ in Conv2d(nearIdentityOf: width, kernelSize: 1) }
    mappingActivations = (0..<depth).map { _ in PiecewiseLinear(channels: width, hinges: hinges) }
    enlargement = ConvTranspose2d(enlarging: width, to: 1, scale: scale, reach: 3)
    bicubic = TransposedBicubic(channels: 1, scale: scale)
    // Nearly the cubic kernel at first: what is added to it begins small.
    enlargement.weight *= 0.1
  }

  public func callAsFunction(_ input: Tensor) -> Tensor {
    let features = featureActivation(feature(input))
    let mapped = pointwise.indices.reduce(features) { mappingActivations[$1](pointwise[$1](depthwise[$1]($0))) }
    return enlargement(mapped + features) + bicubic(input)
  }

  /// Including those of the cubic kernel.
  public var multiplyAddsPerPixel: Int { convolutionWeightCount + bicubic.multiplyAddsPerPixel }

  public mutating func visitParameters(_ visitor: inout some ParameterVisitor) {
    visitor.visit("feature", &feature)
    visitor.visit("featureActivation", &featureActivation)
    visitor.visit("depthwise", &depthwise)
    visitor.visit("pointwise", &pointwise)
    visitor.visit("mappingActivations", &mappingActivations)
    visitor.visit("enlargement", &enlargement)
  }
}
