public import KakudaiLayers
public import KakudaiTensors

/// This project's own network: narrow 3×3 layers at the small size, which the row kernels like, then one transposed
/// convolution that adds what cubic enlargement lacks. Luma, `(N, 1, H, W) → (N, 1, scale·H, scale·W)`.
///
/// `enlargement(mapping(f) + f) + bicubic(x)` with `f = feature(x)`; each layer but the last has a PReLU, with more hinges
/// or without.
public struct KakudaiNet: SuperResolutionNetwork {
  public static var architecture: String { "kakudai" }

  public let scale: Int
  /// 5×5, from luma.
  public var feature: Conv2d
  public var featureActivation: PiecewiseLinear
  /// 3×3.
  public var mapping: [Conv2d]
  public var mappingActivations: [PiecewiseLinear]
  public var enlargement: ConvTranspose2d
  private let bicubic: TransposedBicubic

  public var channels: Int { 1 }
  public var width: Int { enlargement.weight.shape[0] }
  public var hinges: Int { featureActivation.heights.shape[1] }
  public var widestChannels: Int { width }
  public var options: [String: Int] { ["width": width, "depth": mapping.count, "hinges": hinges] }

  /// - Parameters:
  ///   - width: Channels of all layers but the last.
  ///   - depth: 3×3 layers.
  ///   - hinges: Of each activation, besides that of a PReLU.
  public init(scale: Int, width: Int, depth: Int, hinges: Int = 0) {
    self.scale = scale
    feature = Conv2d(inChannels: 1, outChannels: width, kernelSize: 5, padding: 2)
    featureActivation = PiecewiseLinear(channels: width, hinges: hinges)
    mapping = (0..<depth).map { _ in Conv2d(nearIdentityOf: width, kernelSize: 3) }
    mappingActivations = mapping.map { _ in PiecewiseLinear(channels: width, hinges: hinges) }
    enlargement = ConvTranspose2d(enlarging: width, to: 1, scale: scale, reach: 4)
    bicubic = TransposedBicubic(channels: 1, scale: scale)
    // Nearly the cubic kernel at first: what is added to it begins small.
    enlargement.weight *= 0.1
  }

  public func callAsFunction(_ input: Tensor) -> Tensor {
    let features = featureActivation(feature(input))
    let mapped = zip(mapping, mappingActivations).reduce(features) { $1.1($1.0($0)) }
    return enlargement(mapped + features) + bicubic(input)
  }

  /// Including those of the cubic kernel.
  public var multiplyAddsPerPixel: Int { convolutionWeightCount + bicubic.multiplyAddsPerPixel }

  public mutating func visitParameters(_ visitor: inout some ParameterVisitor) {
    visitor.visit("feature", &feature)
    visitor.visit("featureActivation", &featureActivation)
    visitor.visit("mapping", &mapping)
    visitor.visit("mappingActivations", &mappingActivations)
    visitor.visit("enlargement", &enlargement)
  }
}

extension Conv2d {
  /// Giving back about its input at first, so that what many layers in a row pass on stays of one size.
  init(nearIdentityOf channels: Int, kernelSize: Int, groups: Int = 1) {
    self.init(
      inChannels: channels, outChannels: channels, kernelSize: PerAxis(kernelSize), padding: .same, groups: groups)
    weight *= 0.5
    let (inChannels, taps) = (channels / groups, kernelSize * kernelSize)
    weight.withUnsafeMutableBufferPointer { elements in
      for channel in 0..<channels { elements[(channel * inChannels + channel % inChannels) * taps + taps / 2] += 1 }
    }
    bias = .zeros([channels])
  }
}

extension ConvTranspose2d {
  /// Enlarges by exactly `scale`, each output pixel seeing `reach` input pixels along each axis (one less in places where
  /// `reach` is even and `scale` odd).
  init(enlarging inChannels: Int, to outChannels: Int, scale: Int, reach: Int) {
    let kernel = (reach - 1) * scale % 2 == 0 ? reach * scale : reach * scale - 1
    self.init(
      inChannels: inChannels, outChannels: outChannels, kernelSize: PerAxis(kernel), stride: PerAxis(scale),
      padding: PerAxis((kernel - scale) / 2))
  }
}
