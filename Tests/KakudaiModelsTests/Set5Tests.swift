import Foundation
import KakudaiImages
import KakudaiModels
import KakudaiTensors
import KakudaiWeights
import TestSupport
import Testing

/// The published results of bicubic enlargement and of IMDN, and those known of a FSRCNN, on pictures that are not part of the
/// project: beside the checkout, in `shared/data`. Where `KAKUDAI_REQUIRE_DATA` is set they must be there.
struct Set5Tests {
  static let data = #filePath.split(separator: "/").dropLast(4).map { "/" + $0 }.joined() + "/shared/data"
  static let folder = data + "/evaluation/Set5"
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

  /// The known figures of the weights, and of bicubic enlargement beside them, are of luma that is not rounded.
  @Test(
    .enabled(if: isThere, "Set5 is not beside the checkout"),
    arguments: [(2, 37.14, 33.67), (3, 32.60, 30.40), (4, 30.51, 28.43)])
  func `FSRCNN and bicubic enlargement reach their known PSNR on luma that is not rounded`(
    scale: Int, known: Double, bicubic: Double
  ) throws {
    let models = [
      (try converted("fsrcnn/fsrcnn_x\(scale)"), known), (try UpscalingModel(named: "bicubic"), bicubic),
    ]
    for (model, expected) in models {
      let psnr = try meanPSNR(of: model, scale: scale)
      #expect(abs(psnr - expected) < 0.005, "\(model.name) ×\(scale): \(psnr) dB")
    }
    for model in UpscalingModel.builtIn where model.networks.contains(where: { $0.scale == scale }) {
      let psnr = try meanPSNR(of: model, scale: scale)
      #expect(psnr > known, "what ships should be better than FSRCNN; \(model.name) ×\(scale): \(psnr) dB")
    }
  }

  @Test(.enabled(if: isThere, "Set5 is not beside the checkout"))
  func `IMDN with its authors' weights reaches its published PSNR`() throws {
    let model = try converted("imdn/IMDN_x2")
    #expect(model.networks[0].title == "imdn ×2")
    let psnr = try meanPSNR(of: model, scale: 2)
    #expect(abs(psnr - 38.00) < 0.02, "\(psnr) dB")
  }

  private func meanPSNR(of model: UpscalingModel, scale: Int) throws -> Double {
    try (1...5).reduce(0) { sum, picture in
      let prefix = "\(Self.folder)/image_SRF_\(scale)/img_00\(picture)_SRF_\(scale)"
      let reference = try Image(contentsOf: "\(prefix)_HR.png").colour
      let luma = try Upscaler(model).enlargedLuma(
        of: try Image(contentsOf: "\(prefix)_LR.png").colour,
        to: PerAxis(height: reference.shape[2], width: reference.shape[3]))
      return sum + (try ImageComparison(referenceLuma: protocolLuma(of: reference), luma: luma, border: scale).psnr) / 5
    }
  }

  /// The weights are a file from before PyTorch's zip format, and may not be copied into the project.
  private func converted(_ name: String) throws -> UpscalingModel {
    try withTemporaryFolder { folder in
      let path = "\(folder)/\(name.split(separator: "/").last!).safetensors"
      let script =
        #filePath.split(separator: "/").dropLast().map { "/" + $0 }.joined()
        + "/Fixtures/convert-legacy-checkpoint.py"
      let process = Process()
      process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
      process.arguments = ["python3", script, "\(Self.data)/models/\(name).pth", path]
      try process.run()
      process.waitUntilExit()
      return try UpscalingModel(Safetensors(contentsOf: path), scale: nil)
    }
  }

  @Test(.enabled(if: isThere, "Set5 is not beside the checkout"), arguments: [2, 3, 4])
  func `our reduction of the large pictures is MATLAB's`(scale: Int) throws {
    for picture in 1...5 {
      let prefix = "\(Self.folder)/image_SRF_\(scale)/img_00\(picture)_SRF_\(scale)"
      let small = try Image(contentsOf: "\(prefix)_LR.png").colour
      let ours = SuperResolutionPicture(try Image(contentsOf: "\(prefix)_HR.png").colour, scale: scale)!.tensors.small
      #expect(ours == small, "picture \(picture)")
    }
  }
}
