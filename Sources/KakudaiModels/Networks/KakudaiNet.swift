public import KakudaiLayers
public import KakudaiTensors

/// This project's own network: narrow 3×3 layers at the small size, which the row kernels like, then one transposed
/// convolution that adds what cubic enlargement lacks. Luma, `(N, 1, H, W) → (N, 1, scale·H, scale·W)`.
///
/// `enlargement(mapping(f) + f) + bicubic(x)` with `f = feature(x)`; each layer but the last has a PReLU. Trained with
/// `CollapsibleConv2d` layers, each of which amounts to `x + convolution(x)`, and shipped with plain ones.
public struct KakudaiNet<Layer: Collapsible>: SuperResolutionNetwork {
  public static var architecture: String { "kakudai" }

  public let scale: Int
  /// 5×5, from luma.
  public var feature: Layer
  public var featureActivation: PReLU
  /// 3×3.
  public var mapping: [Layer]
  public var mappingActivations: [PReLU]
  public var enlargement: ConvTranspose2d
  private let bicubic: TransposedBicubic

  public var channels: Int { 1 }
  public var width: Int { enlargement.weight.shape[0] }
  public var widestChannels: Int { width }
  public var options: [String: Int] { ["width": width, "depth": mapping.count] }

  private init(scale: Int, feature: Layer, mapping: [Layer], width: Int) {
    self.scale = scale
    self.feature = feature
    self.mapping = mapping
    featureActivation = PReLU(parameters: width)
    mappingActivations = mapping.map { _ in PReLU(parameters: width) }
    enlargement = ConvTranspose2d(enlarging: width, to: 1, scale: scale)
    bicubic = TransposedBicubic(channels: 1, scale: scale)
  }

  public func callAsFunction(_ input: Tensor) -> Tensor {
    let features = featureActivation(feature(input))
    let mapped = zip(mapping, mappingActivations).reduce(features) { $1.1($1.0($0)) }
    return enlargement(mapped + features) + bicubic(input)
  }

  public var shipped: any SuperResolutionNetwork {
    get {
      var network = withRandomSeed(0) { KakudaiNet<Conv2d>(scale: scale, width: width, depth: mapping.count) }
      network.feature = feature.collapsed
      network.featureActivation = featureActivation
      network.mapping = mapping.map(\.collapsed)
      network.mappingActivations = mappingActivations
      network.enlargement = enlargement
      return network
    }
    set {
      guard let network = newValue as? KakudaiNet<Conv2d>, network.options == options, network.scale == scale else {
        fatalError("\(Self.self) cannot become a \(type(of: newValue))")
      }
      feature.collapsed = network.feature
      featureActivation = network.featureActivation
      for index in mapping.indices { mapping[index].collapsed = network.mapping[index] }
      mappingActivations = network.mappingActivations
      enlargement = network.enlargement
    }
  }

  /// Including those of the cubic kernel.
  public var multiplyAddsPerPixel: Int { shipped.convolutionWeightCount + bicubic.multiplyAddsPerPixel }

  public mutating func visitParameters(_ visitor: inout some ParameterVisitor) {
    visitor.visit("feature", &feature)
    visitor.visit("featureActivation", &featureActivation)
    visitor.visit("mapping", &mapping)
    visitor.visit("mappingActivations", &mappingActivations)
    visitor.visit("enlargement", &enlargement)
  }
}

extension KakudaiNet where Layer == Conv2d {
  /// The network as it is shipped.
  ///
  /// - Parameters:
  ///   - width: Channels of all layers but the last.
  ///   - depth: 3×3 layers.
  public init(scale: Int, width: Int, depth: Int) {
    self.init(
      scale: scale, feature: Conv2d(inChannels: 1, outChannels: width, kernelSize: 5, padding: 2),
      mapping: (0..<depth).map { _ in Conv2d(inChannels: width, outChannels: width, kernelSize: 3, padding: 1) },
      width: width)
  }
}

extension KakudaiNet where Layer == CollapsibleConv2d {
  /// The network as it is trained; parameters as for the shipped one.
  public init(trainingScale scale: Int, width: Int, depth: Int) {
    self.init(
      scale: scale, feature: CollapsibleConv2d(inChannels: 1, outChannels: width, kernelSize: 5),
      mapping: (0..<depth).map { _ in CollapsibleConv2d(inChannels: width, outChannels: width, kernelSize: 3) },
      width: width)
    // Nearly the cubic kernel at first: what is added to it begins small.
    enlargement.weight *= 0.1
  }
}

extension ConvTranspose2d {
  /// Enlarges by exactly `scale`, each output pixel seeing four (for odd scales, one less in places) input pixels along each axis.
  init(enlarging inChannels: Int, to outChannels: Int, scale: Int) {
    let kernel = scale % 2 == 0 ? 4 * scale : 4 * scale - 1
    self.init(
      inChannels: inChannels, outChannels: outChannels, kernelSize: PerAxis(kernel), stride: PerAxis(scale),
      padding: PerAxis((kernel - scale) / 2))
  }
}
