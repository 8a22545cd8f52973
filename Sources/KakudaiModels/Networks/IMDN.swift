public import KakudaiLayers
public import KakudaiTensors
import KakudaiWeights

/// The information multi-distillation network of Hui, Gao, Yang and Wang (2019): RGB
/// `(N, 3, H, W) → (N, 3, scale·H, scale·W)`.
///
/// `pixelShuffle(conv(f + conv(c)))` with `f = conv(x)`, where `c` joins the outputs of all blocks, each of which takes the one
/// before. Names are those of the authors' PyTorch code (`IMDB1.cca.conv_du.0.weight`).
public struct IMDN: SuperResolutionNetwork {
  public static let architecture = "imdn"

  /// Four 3×3 convolutions, each of which keeps a quarter of its channels back while the rest goes on; what was kept, each channel
  /// weighted by a factor that follows from its mean and standard deviation, is joined by a 1×1 convolution and added to the input.
  public struct Block: Module {
    /// The four of 3×3 and that of 1×1.
    public var convolutions: [Conv2d]
    /// From the contrast of all channels to their factors, by way of a sixteenth of them.
    public var attention: [Conv2d]
    private let kept: Int

    init(width: Int) {
      kept = width / 4
      convolutions = [
        Conv2d(inChannels: width, outChannels: width, kernelSize: 3, padding: 1),
        Conv2d(inChannels: width - kept, outChannels: width, kernelSize: 3, padding: 1),
        Conv2d(inChannels: width - kept, outChannels: width, kernelSize: 3, padding: 1),
        Conv2d(inChannels: width - kept, outChannels: kept, kernelSize: 3, padding: 1),
        Conv2d(inChannels: width, outChannels: width, kernelSize: 1),
      ]
      attention = [
        Conv2d(inChannels: width, outChannels: width / 16, kernelSize: 1),
        Conv2d(inChannels: width / 16, outChannels: width, kernelSize: 1),
      ]
    }

    public func callAsFunction(_ input: Tensor) -> Tensor {
      var (parts, rest): ([Tensor], Tensor) = ([], input)
      for convolution in convolutions[..<3] {
        let features = leakyReLU(convolution(rest), negativeSlope: IMDN.slope)
        parts.append(features.sliced(1, 0..<kept))
        rest = features.sliced(1, kept..<features.shape[1])
      }
      let joined = concatenate(parts + [convolutions[3](rest)], axis: 1)
      return input + convolutions[4](joined * factors(joined))
    }

    private func factors(_ features: Tensor) -> Tensor {
      let deviation = sqrt(features.variance(axes: [2, 3], isUnbiased: false, keepingAxes: true))
      let contrast = deviation + features.mean(axes: [2, 3], keepingAxes: true)
      return sigmoid(attention[1](relu(attention[0](contrast))))
    }

    public mutating func visitParameters(_ visitor: inout some ParameterVisitor) {
      for index in convolutions.indices { visitor.visit("c\(index + 1)", &convolutions[index]) }
      visitor.visit("cca.conv_du.0", &attention[0])
      visitor.visit("cca.conv_du.2", &attention[1])
    }
  }

  private static let slope: Float = 0.05

  public let scale: Int
  public var feature: Conv2d
  public var blocks: [Block]
  public var fusion: Conv2d
  public var reconstruction: Conv2d
  public var enlargement: Conv2d
  private let width: Int

  public var channels: Int { 3 }
  /// Of the outputs of all blocks.
  public var widestChannels: Int { width * blocks.count }
  public var options: [String: Int] { ["width": width, "blocks": blocks.count] }

  /// - Parameters:
  ///   - width: Channels, a multiple of 16.
  ///   - blocks: 6 in the paper.
  public init(scale: Int, width: Int = 64, blocks: Int = 6) {
    guard width > 0, width % 16 == 0 else { fatalError("IMDN: the width must be a multiple of 16, but is \(width)") }
    (self.scale, self.width) = (scale, width)
    feature = Conv2d(inChannels: 3, outChannels: width, kernelSize: 3, padding: 1)
    self.blocks = (0..<blocks).map { _ in Block(width: width) }
    fusion = Conv2d(inChannels: width * blocks, outChannels: width, kernelSize: 1)
    reconstruction = Conv2d(inChannels: width, outChannels: width, kernelSize: 3, padding: 1)
    enlargement = Conv2d(inChannels: width, outChannels: 3 * scale * scale, kernelSize: 3, padding: 1)
  }

  public func callAsFunction(_ input: Tensor) -> Tensor {
    let features = feature(input)
    var outputs: [Tensor] = []
    for block in blocks { outputs.append(block(outputs.last ?? features)) }
    let fused = leakyReLU(fusion(concatenate(outputs, axis: 1)), negativeSlope: Self.slope)
    return pixelShuffle(enlargement(reconstruction(fused) + features), upscaleFactor: scale)
  }

  /// What each picture needs once is left out.
  public var multiplyAddsPerPixel: Int { convolutionWeightCount - blocks.count * width * width / 8 }

  public mutating func visitParameters(_ visitor: inout some ParameterVisitor) {
    visitor.visit("fea_conv", &feature)
    for index in blocks.indices { visitor.visit("IMDB\(index + 1)", &blocks[index]) }
    visitor.visit("c.0", &fusion)
    visitor.visit("LR_conv", &reconstruction)
    visitor.visit("upsampler.0", &enlargement)
  }
}

extension IMDN {
  /// Recognises the network in a weight file by the names of the authors' code, also behind `module.`, and loads it.
  ///
  /// - Returns: `nil` when the file holds another network.
  init?(recognising weights: Safetensors) {
    let prefix = weights.entry("module.fea_conv.weight") == nil ? "" : "module."
    func outputs(_ name: String) -> Int? { weights.entry("\(prefix)\(name).weight")?.shape.dimensions.first }
    guard let width = outputs("fea_conv"), let last = outputs("upsampler.0"),
      let scale = (1...8).first(where: { 3 * $0 * $0 == last }),
      var network = KakudaiModels.network(
        Self.architecture, scale: scale,
        options: ["width": width, "blocks": (1...).prefix { outputs("IMDB\($0).c1") != nil }.count],
        numberCount: weights.numberCount) as? IMDN
    else { return nil }
    let tensors = weights.tensors.map { (String($0.key.dropFirst(prefix.count)), $0.value) }
    guard (try? network.load(Dictionary(tensors) { first, _ in first }, from: weights.path)) != nil else { return nil }
    self = network
  }
}
