public import KakudaiLayers
import KakudaiTensors

/// A network that enlarges pictures by a whole factor: `(N, channels, H, W) → (N, channels, scale·H, scale·W)`.
public protocol SuperResolutionNetwork: Module {
  /// How weight files and the command name the architecture.
  static var architecture: String { get }

  var scale: Int { get }

  /// 1 for luma, whose colour differences are then resampled; 3 for red, green and blue.
  var channels: Int { get }

  /// Channels of the widest layer, which decides how much memory a picture takes.
  var widestChannels: Int { get }

  /// What tells apart two networks of this architecture and scale; weight files hold it.
  var options: [String: Int] { get }

  /// Multiply-adds for one pixel of the small picture.
  var multiplyAddsPerPixel: Int { get }
}

extension SuperResolutionNetwork {
  /// That of networks whose layers all run at the small size with stride 1, transposed ones with any: each weight counts once.
  public var multiplyAddsPerPixel: Int { convolutionWeightCount }

  /// The numbers in the weights of all convolutions.
  var convolutionWeightCount: Int {
    namedTensors.reduce(0) { $0 + ($1.tensor.shape.rank == 4 ? $1.tensor.shape.elementCount : 0) }
  }

  /// One line.
  public var summary: String {
    "\(title), \(multiplyAddsPerPixel) multiply-adds per pixel, \(parameterCount) parameters"
  }

  /// The architecture and the scale.
  public var title: String { "\(Self.architecture) ×\(scale)" }

  /// What a weight file says about its network.
  public var metadata: [String: String] {
    var metadata = ["architecture": Self.architecture, "scale": String(scale)]
    for (key, value) in options { metadata[key] = String(value) }
    return metadata
  }
}
