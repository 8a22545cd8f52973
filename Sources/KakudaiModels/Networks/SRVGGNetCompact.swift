public import KakudaiLayers
public import KakudaiTensors

/// The compact network of Real-ESRGAN (Wang et al., 2021; `SRVGGNetCompact`): RGB
/// `(N, 3, H, W) → (N, 3, scale·H, scale·W)`.
///
/// `pixelShuffle(body(x)) + nearest(x)`, the body being `depth` + 2 convolutions of 3×3, each but the last with a PReLU; all run
/// at the small size. Names are PyTorch's: `body.0.weight`, `body.1.weight` (the slopes), `body.2.weight` …
public struct SRVGGNetCompact: SuperResolutionNetwork {
  public static let architecture = "srvgg"

  public let scale: Int
  /// Convolutions and PReLUs in turns.
  public var body: Sequential
  private let width: Int

  public var channels: Int { 3 }
  public var widestChannels: Int { max(width, 3 * scale * scale) }
  public var options: [String: Int] { ["width": width, "depth": body.layers.count / 2 - 1] }

  /// - Parameters:
  ///   - width: Channels of all layers but the last (`num_feat`).
  ///   - depth: Convolutions between the first and the last (`num_conv`).
  public init(scale: Int, width: Int = 64, depth: Int = 16) {
    (self.scale, self.width) = (scale, width)
    body = Sequential {
      for layer in 0...depth {
        Conv2d(inChannels: layer == 0 ? 3 : width, outChannels: width, kernelSize: 3, padding: 1)
        PReLU(parameters: width)
      }
      Conv2d(inChannels: width, outChannels: 3 * scale * scale, kernelSize: 3, padding: 1)
    }
  }

  public func callAsFunction(_ input: Tensor) -> Tensor {
    pixelShuffle(body(input), upscaleFactor: scale)
      + interpolate(input, scaleFactor: SpatialValues(Double(scale)), mode: .nearest)
  }

  public mutating func visitParameters(_ visitor: inout some ParameterVisitor) { visitor.visit("body", &body) }
}
