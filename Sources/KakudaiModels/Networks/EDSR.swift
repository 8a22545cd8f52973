public import KakudaiLayers
public import KakudaiTensors

/// The baseline of EDSR (Lim et al., 2017), which is SRResNet (Ledig et al., 2017) without batch normalisation: RGB
/// `(N, 3, H, W) → (N, 3, scale·H, scale·W)`.
///
/// `tail(body(f) + f)` with `f = head(x)`; the body is a chain of blocks `x + conv(relu(conv(x)))` and a convolution, the tail
/// enlarges by convolutions and pixel shuffles, ×4 in two steps. Names are those of the authors' PyTorch code
/// (`body.0.body.0.weight`); their shift by the mean colour is inside.
public struct EDSR: SuperResolutionNetwork {
  public static let architecture = "edsr"

  /// `x + conv(relu(conv(x)))`, named `body.0` and `body.2` as in the authors' code.
  public struct Block: Module {
    public var body: Sequential

    init(width: Int) {
      body = Sequential {
        Conv2d(inChannels: width, outChannels: width, kernelSize: 3, padding: 1)
        ReLU()
        Conv2d(inChannels: width, outChannels: width, kernelSize: 3, padding: 1)
      }
    }

    public func callAsFunction(_ input: Tensor) -> Tensor { input + body(input) }

    public mutating func visitParameters(_ visitor: inout some ParameterVisitor) { visitor.visit("body", &body) }
  }

  public let scale: Int
  public var head: Sequential
  /// Blocks and one convolution.
  public var body: Sequential
  /// The enlargement and the last convolution.
  public var tail: Sequential
  private let width: Int

  /// Of DIV2K.
  private static let meanColour = Tensor([0.4488, 0.4371, 0.4040], shape: [3, 1, 1])

  public var channels: Int { 3 }
  /// Where the last pixel shuffle begins and ends: at the large size.
  public var widestChannels: Int { scale * scale * width }
  public var options: [String: Int] { ["width": width, "blocks": body.layers.count - 1] }

  /// - Parameters:
  ///   - width: Channels; 64 in the baseline.
  ///   - blocks: 16 in the baseline.
  public init(scale: Int, width: Int = 64, blocks: Int = 16) {
    (self.scale, self.width) = (scale, width)
    head = Sequential { Conv2d(inChannels: 3, outChannels: width, kernelSize: 3, padding: 1) }
    body = Sequential {
      for _ in 0..<blocks { Block(width: width) }
      Conv2d(inChannels: width, outChannels: width, kernelSize: 3, padding: 1)
    }
    let enlargement = Sequential {
      for factor in EDSR.steps(scale) {
        Conv2d(inChannels: width, outChannels: factor * factor * width, kernelSize: 3, padding: 1)
        PixelShuffle(upscaleFactor: factor)
      }
    }
    tail = Sequential {
      enlargement
      Conv2d(inChannels: width, outChannels: 3, kernelSize: 3, padding: 1)
    }
  }

  /// Twos, and what is left.
  private static func steps(_ scale: Int) -> [Int] {
    scale % 2 == 0 && scale > 2 ? [2] + steps(scale / 2) : [scale]
  }

  public func callAsFunction(_ input: Tensor) -> Tensor {
    let features = head(input - Self.meanColour)
    return tail(body(features) + features) + Self.meanColour
  }

  public var multiplyAddsPerPixel: Int {
    let square = 9 * width * width
    let blocks = 2 * (body.layers.count - 1)
    // Each step of the enlargement runs at the size that the steps before it reached; the last layer at the large size.
    var (enlargement, pixels) = (0, 1)
    for factor in Self.steps(scale) {
      enlargement += pixels * factor * factor * square
      pixels *= factor * factor
    }
    return 27 * width + (blocks + 1) * square + enlargement + pixels * 27 * width
  }

  public mutating func visitParameters(_ visitor: inout some ParameterVisitor) {
    visitor.visit("head", &head)
    visitor.visit("body", &body)
    visitor.visit("tail", &tail)
  }
}
