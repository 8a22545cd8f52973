import KakudaiTensors

#if canImport(Glibc)
import Glibc
#elseif canImport(Darwin)
import Darwin
#endif

/// One way of making a picture worse, in the manner of first-order Real-ESRGAN (Wang et al., 2021), but milder: the blur of a
/// lens, a reduction, the noise of a sensor, JPEG.
struct PhotoDegradation {
  /// Standard deviations of the Gaussian blur, in pixels of the large picture.
  let blur: (vertical: Float, horizontal: Float)
  let reduction: InterpolationMode
  /// Standard deviation, of 1 for white.
  let noise: Float
  let noiseIsGrey: Bool
  /// `nil` where the picture is not compressed.
  let quality: Int?
  let halvesChroma: Bool

  init(scale: Int, using generator: inout RandomGenerator) {
    func uniform(_ range: ClosedRange<Float>) -> Float {
      range.lowerBound + generator.nextUniform() * (range.upperBound - range.lowerBound)
    }
    let deviation = uniform(0.05...0.6) * Float(scale)
    // Half of the lenses blur alike along both axes.
    let stretch = generator.nextIndex(below: 2) == 0 ? 1 : uniform(0.6...1.6)
    blur = (deviation * stretch, deviation / stretch)
    reduction = [.bicubic, .bilinear, .area][generator.nextIndex(below: 3)]
    let isNoisy = generator.nextIndex(below: 4) > 0
    let amount = uniform(0...0.03)
    noise = isNoisy ? amount : 0
    noiseIsGrey = generator.nextIndex(below: 2) == 0
    let isCompressed = generator.nextIndex(below: 5) > 0
    let chosen = 50 + generator.nextIndex(below: 47)
    quality = isCompressed ? chosen : nil
    halvesChroma = generator.nextIndex(below: 2) == 0
  }

  /// RGB in 0…1, `(1, 3, scale·H, scale·W) → (1, 3, H, W)`.
  func callAsFunction(_ large: Tensor, scale: Int, using generator: inout RandomGenerator) -> Tensor {
    let size: SpatialValues = [large.shape[2] / scale, large.shape[3] / scale]
    let antialias = reduction != .area
    var small = interpolate(blurred(large), size: size, mode: reduction, antialias: antialias)
    if noise > 0 {
      let pixels = small.shape[2] * small.shape[3]
      let planes = (0..<(noiseIsGrey ? 1 : 3)).map { _ in
        Tensor((0..<pixels).map { _ in generator.nextNormal() * noise }, shape: [1, 1, small.shape[2], small.shape[3]])
      }
      small = small + concatenate(planes, axis: 1)
    }
    small = clamp(small, minimum: 0, maximum: 1)
    guard let quality else { return small }
    return jpegRoundTrip(BytePlanes(small).tensor, quality: quality, halvesChroma: halvesChroma)
  }

  private func blurred(_ picture: Tensor) -> Tensor {
    let channels = picture.shape[1]
    let (vertical, horizontal) = (Self.kernel(blur.vertical), Self.kernel(blur.horizontal))
    func weight(_ kernel: [Float], _ shape: Shape) -> Tensor {
      Tensor(Array(repeatElement(kernel, count: channels).joined()), shape: shape)
    }
    let (up, left) = (vertical.count / 2, horizontal.count / 2)
    let columns = conv2d(
      pad(picture, [left, left, up, up], mode: .replicate), weight(vertical, [channels, 1, vertical.count, 1]),
      groups: channels)
    return conv2d(columns, weight(horizontal, [channels, 1, 1, horizontal.count]), groups: channels)
  }

  /// A Gaussian as far as three deviations, whose weights sum to 1.
  private static func kernel(_ deviation: Float) -> [Float] {
    let reach = Int((3 * deviation).rounded(.up))
    let weights = (-reach...reach).map { expf(-Float($0 * $0) / (2 * deviation * deviation)) }
    let total = weights.reduce(0, +)
    return weights.map { $0 / total }
  }
}
