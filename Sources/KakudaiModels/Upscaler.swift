public import KakudaiInference
import KakudaiLayers
public import KakudaiTensors

/// Enlarges pictures to a size with a model; a resample makes up where the model's own factor does not reach it.
public struct Upscaler: Sendable {
  public let model: UpscalingModel

  public init(_ model: UpscalingModel) { self.model = model }

  /// Enlarges colours in 0…1: grey or RGB, `(1, 1 or 3, H, W) → (1, 1 or 3, height, width)`.
  ///
  /// - Throws: when the shape or the size is impossible; never stops on them.
  public func callAsFunction(_ picture: Tensor, to size: PerAxis) throws(ModelError) -> Tensor {
    try check(picture.shape, size)
    return clamp(enlarged(picture, to: size), minimum: 0, maximum: 1)
  }

  /// The luma of the enlarged picture, as the literature measures it: not rounded, in 0…1, `(1, 1, height, width)`.
  ///
  /// A network sees luma as computed from the colours, as in PyTorch implementations; a filter sees it rounded to 8 bits, as
  /// in MATLAB's, from which the published figures of cubic enlargement are. A grey picture is its own luma.
  public func enlargedLuma(of picture: Tensor, to size: PerAxis) throws(ModelError) -> Tensor {
    try check(picture.shape, size)
    let luma = protocolLuma(of: picture)
    let result: Tensor =
      switch model.method {
      case .networks(let networks):
        networks[0].network.channels == 1
          ? inSteps(luma, by: networks, to: size) { resampled($1($0), to: $2, .bicubic) }
          : protocolLuma(of: clamp(enlarged(picture, to: size), minimum: 0, maximum: 1))
      case .resampling, .transposedBicubic: enlarged(BytePlanes(luma).tensor, to: size)
      }
    return clamp(result, minimum: 0, maximum: 1)
  }

  private func check(_ picture: Shape, _ size: PerAxis) throws(ModelError) {
    guard picture.rank == 4, picture[0] == 1, [1, 3].contains(picture[1]), picture.elementCount > 0 else {
      throw .impossibleSize("a picture is (1, 1 or 3, H, W), but this one is \(picture)")
    }
    guard size.height > 0, size.width > 0, (try? Shape(validating: [4 * picture[1], size.height, size.width])) != nil
    else { throw .impossibleSize("a picture cannot be made \(size.width) × \(size.height)") }
  }

  /// Enlarging as a plan, for pictures that come row by row: `(1, 1 to 4, H, W) → (1, 1 to 4, height, width)`, all values in
  /// 0…1, the second or fourth channel being alpha, which is enlarged by the cubic kernel.
  ///
  /// - Throws: when the shape or the size is impossible.
  public func plan(for picture: Shape, to size: PerAxis) throws(ModelError) -> Plan {
    let channels = picture.rank == 4 ? picture[1] : 0
    guard (1...4).contains(channels), picture[0] == 1, picture.elementCount > 0 else {
      throw .impossibleSize("a picture is (1, 1 to 4, H, W), but this one is \(picture)")
    }
    let colours = channels - (channels + 1) % 2
    try check(Shape([1, colours, picture[2], picture[3]]), size)
    return Plan(input: picture) { picture in
      guard colours < channels else { return clamp(enlarged(picture, to: size), minimum: 0, maximum: 1) }
      let alpha = resampled(picture.sliced(1, colours..<channels), to: size, .bicubic)
      return clamp(
        concatenate([enlarged(picture.sliced(1, 0..<colours), to: size), alpha], axis: 1), minimum: 0, maximum: 1)
    }
  }

  private func enlarged(_ picture: Tensor, to size: PerAxis) -> Tensor {
    switch model.method {
    case .resampling(let mode): return resampled(picture, to: size, mode)
    case .transposedBicubic:
      let factor = max(1, (size.height - 1) / picture.shape[2] + 1, (size.width - 1) / picture.shape[3] + 1)
      let network = TransposedBicubic(channels: picture.shape[1], scale: factor)
      // A picture made smaller needs no enlargement first.
      return resampled(factor == 1 ? picture : network(picture), to: size, .bicubic)
    case .networks(let networks):
      return inSteps(picture, by: networks, to: size) { enlarged($0, by: $1, to: $2) }
    }
  }

  /// Enlarges by one network, or by several in a row where the largest factor is far from enough.
  private func inSteps(
    _ picture: Tensor, by networks: [ScaledNetwork], to size: PerAxis,
    _ step: (Tensor, any SuperResolutionNetwork, PerAxis) -> Tensor
  ) -> Tensor {
    guard let network = network(of: networks, from: picture, to: size) else {
      return resampled(picture, to: size, .bicubic)
    }
    let reached = PerAxis(height: network.scale * picture.shape[2], width: network.scale * picture.shape[3])
    // What is missing is left to the resample up to a factor of 1.2: another network costs several times as much.
    let isFar = 5 * size.height > 6 * reached.height || 5 * size.width > 6 * reached.width
    guard isFar && network.scale > 1 else { return step(picture, network, size) }
    return inSteps(clamp(step(picture, network, reached), minimum: 0, maximum: 1), by: networks, to: size, step)
  }

  private func enlarged(_ picture: Tensor, by network: any SuperResolutionNetwork, to size: PerAxis) -> Tensor {
    let isGrey = picture.shape[1] == 1
    switch network.channels {
    case 3:
      let enlarged = resampled(network(colours(picture, channels: 3)), to: size, .bicubic)
      return isGrey ? enlarged.mean(axes: [1], keepingAxes: true) : enlarged
    case _ where isGrey: return resampled(grey(ofLuma: network(luma(ofGrey: picture))), to: size, .bicubic)
    default:
      let colours = lumaAndChroma(ofRGB: picture)
      let luma = resampled(network(colours.sliced(1, 0..<1)), to: size, .bicubic)
      let chroma = resampled(colours.sliced(1, 1..<3), to: size, .bicubic)
      return rgb(ofLumaAndChroma: concatenate([luma, chroma], axis: 1))
    }
  }

  /// The network of the smallest factor that reaches the size, or of the largest; `nil` where nothing is to be enlarged.
  private func network(
    of networks: [ScaledNetwork], from picture: Tensor, to size: PerAxis
  ) -> (any SuperResolutionNetwork)? {
    let (height, width) = (picture.shape[2], picture.shape[3])
    guard size.height > height || size.width > width else { return nil }
    let reaching = networks.first { $0.scale * height >= size.height && $0.scale * width >= size.width }
    return (reaching ?? networks.last)?.network
  }

  private func resampled(_ picture: Tensor, to size: PerAxis, _ mode: InterpolationMode) -> Tensor {
    guard size != PerAxis(height: picture.shape[2], width: picture.shape[3]) else { return picture }
    return interpolate(
      picture, size: [size.height, size.width], mode: mode,
      antialias: mode == .bilinear || mode == .bicubic || mode == .lanczos)
  }
}
