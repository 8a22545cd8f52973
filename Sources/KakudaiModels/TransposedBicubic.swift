public import KakudaiLayers
public import KakudaiTensors

/// Bicubic enlargement by a whole factor, as a depthwise `ConvTranspose2d` whose fixed kernel is that of Keys (a = −0.5).
///
/// Every input pixel adds its multiple of the cubic kernel, stretched by the scale, to the output; away from the border this
/// is what `interpolate(…, mode: .bicubic, antialias: true)` computes. At the border the edge pixels are repeated.
/// Shapes `(N, channels, H, W) → (N, channels, scale·H, scale·W)`.
public struct TransposedBicubic: Module {
  public let scale: Int
  private var layer: ConvTranspose2d

  /// Pixels repeated beyond each border: as far as the kernel reaches.
  private static let reach = 2

  public init(channels: Int, scale: Int) {
    guard scale > 0 else { fatalError("TransposedBicubic: the scale must be positive, but is \(scale)") }
    self.scale = scale
    // Tap k of an input pixel falls (k − padding + ½) / scale − ½ pixels from it. An odd scale puts a zero at both ends, which
    // is left out.
    let size = scale % 2 == 0 ? 4 * scale : 4 * scale - 1
    let padding = scale % 2 == 0 ? 3 * scale / 2 : (3 * scale - 1) / 2
    let taps = (0..<size).map { k in
      Float(keys((Double(k - padding) + 0.5) / Double(scale) - 0.5, sharpness: -0.5))
    }
    layer = withRandomSeed(0) {
      ConvTranspose2d(
        inChannels: channels, outChannels: channels, kernelSize: PerAxis(size), stride: PerAxis(scale),
        padding: PerAxis(padding + Self.reach * scale), groups: channels, bias: false)
    }
    let kernel = taps.flatMap { vertical in taps.map { vertical * $0 } }
    layer.weight = Tensor(Array(repeatElement(kernel, count: channels).joined()), shape: layer.weight.shape)
  }

  /// Multiply-adds for one pixel of the small picture.
  var multiplyAddsPerPixel: Int { layer.weight.shape.elementCount }

  public func callAsFunction(_ input: Tensor) -> Tensor {
    layer(pad(input, Array(repeating: Self.reach, count: 4), mode: .replicate))
  }

  /// The kernel is fixed, and follows from the scale: there is nothing to train or to save.
  public mutating func visitParameters(_ visitor: inout some ParameterVisitor) {}

  public var printedAttributes: String { "\(layer.weight.shape[0]), scale=\(scale)" }
}
