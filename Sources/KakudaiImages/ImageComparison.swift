public import KakudaiTensors

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
    try self.init(
      size: PerAxis(height: reference.height, width: reference.width),
      PerAxis(height: image.height, width: image.width), border: border
    ) {
      let areGrey = reference.colour.shape[1] == 1 && image.colour.shape[1] == 1
      return (
        Plane.planes(reference, channels, areGrey: areGrey, border: border),
        Plane.planes(image, channels, areGrey: areGrey, border: border)
      )
    }
  }

  /// Compares luma that was not rounded: numbers in 0…1 that stand for 0…255, `(1, 1, H, W)`.
  ///
  /// - Parameter border: Pixels left out on all sides; the scale, in the protocol.
  public init(referenceLuma: Tensor, luma: Tensor, border: Int) throws(ImageError) {
    try self.init(
      size: PerAxis(height: referenceLuma.shape[2], width: referenceLuma.shape[3]),
      PerAxis(height: luma.shape[2], width: luma.shape[3]), border: border
    ) { ([Plane(referenceLuma).inner(border)], [Plane(luma).inner(border)]) }
  }

  private init(
    size: PerAxis, _ other: PerAxis, border: Int, _ planes: () -> (left: [Plane], right: [Plane])
  ) throws(ImageError) {
    guard size == other else {
      throw .sizesDiffer(
        "the reference is \(size.width) × \(size.height) and the picture \(other.width) × \(other.height)")
    }
    guard border >= 0 && size.width > 2 * border && size.height > 2 * border else {
      throw .sizesDiffer("a border of \(border) leaves nothing of \(size.width) × \(size.height)")
    }
    let (left, right) = planes()
    let error = zip(left, right).map { $0.meanSquaredError($1) }.reduce(0, +) / Double(left.count)
    psnr = error == 0 ? .infinity : 10 * Plane.decimalLogarithm(255 * 255 / error)
    ssim = zip(left, right).map { $0.structuralSimilarity($1) }.reduce(0, +) / Double(left.count)
  }
}

extension Plane {
  /// The only channel of a picture in 0…1, `(1, 1, H, W)`.
  fileprivate init(_ picture: Tensor) {
    precondition(picture.shape.rank == 4 && picture.shape[0] * picture.shape[1] == 1)
    self.init(width: picture.shape[3], height: picture.shape[2], values: picture.elements.map { Double($0) * 255 })
  }
}
