import Foundation
import KakudaiImages
import KakudaiModels
import KakudaiTensors
import Testing

/// The published results of bicubic enlargement, on pictures that are not part of the project: beside the checkout, in
/// `shared/data`. Where `KAKUDAI_REQUIRE_DATA` is set they must be there.
struct Set5Tests {
  static let folder =
    #filePath.split(separator: "/").dropLast(4).map { "/" + $0 }.joined() + "/shared/data/evaluation/Set5"
  static let isThere =
    FileManager.default.fileExists(atPath: folder) || ProcessInfo.processInfo.environment["KAKUDAI_REQUIRE_DATA"] != nil

  @Test(
    .enabled(if: isThere, "Set5 is not beside the checkout"),
    arguments: [(2, 33.66, 0.9299), (3, 30.39, 0.8682), (4, 28.42, 0.8104)])
  func `bicubic and the cubic transposed convolution reach their published PSNR and SSIM`(
    scale: Int, psnr: Double, ssim: Double
  ) throws {
    for model in [try UpscalingModel(named: "bicubic"), try UpscalingModel(named: "transposed-bicubic")] {
      var sums = (psnr: 0.0, ssim: 0.0)
      for picture in 1...5 {
        let prefix = "\(Self.folder)/image_SRF_\(scale)/img_00\(picture)_SRF_\(scale)"
        let reference = try Image(contentsOf: "\(prefix)_HR.png")
        var enlarged = try Image(contentsOf: "\(prefix)_LR.png")
        enlarged.colour = try Upscaler(model)(
          enlarged.colour, to: PerAxis(height: reference.height, width: reference.width))
        let comparison = try ImageComparison(reference: reference, image: enlarged, border: scale)
        sums.psnr += comparison.psnr / 5
        sums.ssim += comparison.ssim / 5
      }
      #expect(abs(sums.psnr - psnr) < 0.03, "\(model.name) ×\(scale): \(sums.psnr) dB")
      #expect(abs(sums.ssim - ssim) < 0.002, "\(model.name) ×\(scale): \(sums.ssim)")
    }
  }
}
