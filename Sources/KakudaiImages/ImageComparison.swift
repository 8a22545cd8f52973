import KakudaiTensors

/// How far a picture is from a reference: PSNR and SSIM by the published super-resolution protocol.
public struct ImageComparison: Hashable, Sendable {
  /// What is compared.
  public enum Channels: String, Hashable, Sendable {
    /// Luma from 16 to 235 (ITU-R BT.601), as MATLAB's `rgb2ycbcr` rounds it; two grey pictures as they are.
    case luma
    /// All colours.
    case rgb
  }

  /// 10·log₁₀(255² / mean squared error) in dB; infinite for equal pictures.
  public let psnr: Double
  /// The mean structural similarity of Wang et al. (2004), windows of 11 × 11; NaN for pictures smaller than that.
  public let ssim: Double

  /// - Parameter border: Pixels left out on all sides; the scale, in the protocol.
  public init(
    reference: Image, image: Image, border: Int = 0, channels: Channels = .luma
  ) throws(ImageError) {
    guard reference.width == image.width && reference.height == image.height else {
      throw .sizesDiffer(
        "the reference is \(reference.width) × \(reference.height) and the picture \(image.width) × \(image.height)")
    }
    guard border >= 0 && reference.width > 2 * border && reference.height > 2 * border else {
      throw .sizesDiffer("a border of \(border) leaves nothing of \(reference.width) × \(reference.height)")
    }
    let areGrey = reference.colour.shape[1] == 1 && image.colour.shape[1] == 1
    let left = Plane.planes(reference, channels, areGrey: areGrey, border: border)
    let right = Plane.planes(image, channels, areGrey: areGrey, border: border)
    let error = zip(left, right).map { $0.meanSquaredError($1) }.reduce(0, +) / Double(left.count)
    psnr = error == 0 ? .infinity : 10 * Plane.decimalLogarithm(255 * 255 / error)
    ssim = zip(left, right).map { $0.structuralSimilarity($1) }.reduce(0, +) / Double(left.count)
  }
}
