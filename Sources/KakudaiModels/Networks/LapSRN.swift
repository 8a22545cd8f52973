public import KakudaiLayers
public import KakudaiTensors

/// A Laplacian pyramid of transposed convolutions, after Lai et al. (2017): luma `(N, 1, H, W) → (N, 1, scale·H, scale·W)` for
/// scales that are powers of 2.
///
/// Level by level, the picture is doubled by a transposed convolution that begins as the bilinear kernel, and a residual is
/// added that a chain of 3×3 convolutions, a doubling of the features by a 4×4 transposed convolution and one more 3×3 give:
/// `xₗ₊₁ = double(xₗ) + residual(fₗ₊₁)`, `fₗ₊₁ = leakyReLU(double(chain(fₗ)))`.
public struct LapSRN: SuperResolutionNetwork {
  public static let architecture = "lapsrn"

  /// One doubling.
  public struct Level: Parameterized, Sendable {
    /// 3×3, each followed by a leaky ReLU.
    public var embedding: [Conv2d]
    public var featureEnlargement: ConvTranspose2d
    public var pictureEnlargement: ConvTranspose2d
    public var residual: Conv2d

    init(width: Int, depth: Int) {
      embedding = (0..<depth).map { _ in Conv2d(inChannels: width, outChannels: width, kernelSize: 3, padding: 1) }
      featureEnlargement = ConvTranspose2d(
        inChannels: width, outChannels: width, kernelSize: 4, stride: 2, padding: 1)
      pictureEnlargement = ConvTranspose2d(
        inChannels: 1, outChannels: 1, kernelSize: 4, stride: 2, padding: 1, bias: false)
      let taps: [Float] = [0.25, 0.75, 0.75, 0.25]
      pictureEnlargement.weight = Tensor(
        taps.flatMap { vertical in taps.map { vertical * $0 } }, shape: pictureEnlargement.weight.shape)
      residual = Conv2d(inChannels: width, outChannels: 1, kernelSize: 3, padding: 1)
    }

    public mutating func visitParameters(_ visitor: inout some ParameterVisitor) {
      visitor.visit("embedding", &embedding)
      visitor.visit("featureEnlargement", &featureEnlargement)
      visitor.visit("pictureEnlargement", &pictureEnlargement)
      visitor.visit("residual", &residual)
    }
  }

  public var feature: Conv2d
  public var levels: [Level]

  public var scale: Int { 1 << levels.count }
  public var channels: Int { 1 }
  private var width: Int { feature.weight.shape[0] }
  /// The features at the large size.
  public var widestChannels: Int { scale * scale * width }
  public var options: [String: Int] { ["width": width, "depth": levels[0].embedding.count] }

  /// - Parameters:
  ///   - scale: A power of 2 from 2 on; others stop the program.
  ///   - width: Channels; 64 in the paper.
  ///   - depth: 3×3 layers in a level; 10 in the paper.
  public init(scale: Int, width: Int = 64, depth: Int = 10) {
    guard Self.reaches(scale) else { fatalError("LapSRN: the scale must be a power of 2, but is \(scale)") }
    feature = Conv2d(inChannels: 1, outChannels: width, kernelSize: 3, padding: 1)
    levels = (0..<scale.trailingZeroBitCount).map { _ in Level(width: width, depth: depth) }
  }

  /// Whether the pyramid has a level of that scale.
  static func reaches(_ scale: Int) -> Bool { scale > 1 && scale.nonzeroBitCount == 1 }

  public func callAsFunction(_ input: Tensor) -> Tensor {
    var (picture, features) = (input, activated(feature(input)))
    for level in levels {
      features = level.embedding.reduce(features) { activated($1($0)) }
      features = activated(level.featureEnlargement(features))
      picture = level.pictureEnlargement(picture) + level.residual(features)
    }
    return picture
  }

  private func activated(_ features: Tensor) -> Tensor { leakyReLU(features, negativeSlope: 0.2) }

  public var multiplyAddsPerPixel: Int {
    // A level runs at the size that those before it reached, its residual at twice that.
    levels.indices.reduce(9 * width) { sum, index in
      let level = (9 * levels[index].embedding.count + 16) * width * width + 16 + 4 * 9 * width
      return sum + level << (2 * index)
    }
  }

  public mutating func visitParameters(_ visitor: inout some ParameterVisitor) {
    visitor.visit("feature", &feature)
    visitor.visit("levels", &levels)
  }
}
