public import KakudaiLayers

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

  /// The network as it is shipped: without what only helps training.
  var shipped: any SuperResolutionNetwork { get }
}

extension SuperResolutionNetwork {
  public var shipped: any SuperResolutionNetwork { self }

  /// What a weight file says about its network.
  public var metadata: [String: String] {
    var metadata = ["architecture": Self.architecture, "scale": String(scale)]
    for (key, value) in options { metadata[key] = String(value) }
    return metadata
  }
}
