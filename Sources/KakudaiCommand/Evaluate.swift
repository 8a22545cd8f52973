import ArgumentParser
import Foundation
import KakudaiImages
import KakudaiModels
import KakudaiTensors

struct Evaluate: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "evaluate",
    abstract: "Measures a model on a folder of pictures: PSNR in dB and SSIM, bicubic enlargement beside it.",
    discussion: """
      By the protocol of the super-resolution literature: luma from 16 to 235, a border of the scale left out, not rounded \
      to 8 bits after the model; SSIM with Gaussian windows of 11 x 11. The folder holds large pictures, which are reduced as \
      MATLAB does it, or pairs: NAME_HR.png and NAME_LR.png, or pictures of one name in the folders HR and LR.
      """)

  @Option(help: "The folder of pictures.")
  var data: String

  @Option(name: [.customShort("s"), .long], help: "How many times larger.")
  var scale = 2

  @OptionGroup var model: ModelOptions

  @Option(name: [.customShort("j"), .long], help: "Threads; all processors by default.")
  var threads: ThreadCount?

  @Flag(help: "One JSON object.")
  var json = false

  func validate() throws {
    guard (1...8).contains(scale) else { throw ValidationError("--scale goes from 1 to 8.") }
  }

  func run() throws {
    do {
      let model = try model.chosen(scale: Double(scale))
      let pairs = try EvaluationPair.all(in: data, scale: scale)
      let results = try withThreadCount(threads?.count ?? ProcessInfo.processInfo.activeProcessorCount) {
        try pairs.enumerated().map { index, pair in
          Terminal.showProgress("\(index + 1)/\(pairs.count) \(pair.name)")
          defer { Terminal.clearProgress() }
          return try result(of: model, on: pair)
        }
      }
      let report = EvaluationReport(model: model.name, scale: scale, pictures: results)
      if json { try Terminal.print(json: report) } else { print(report.table) }
    } catch { throw fail(error) }
  }

  private func result(of model: UpscalingModel, on pair: EvaluationPair) throws -> EvaluationReport.Result {
    let (small, large) = try pair.colours(scale: scale)
    let size = PerAxis(height: large.shape[2], width: large.shape[3])
    func comparison(_ model: UpscalingModel) throws -> ImageComparison {
      try ImageComparison(
        referenceLuma: protocolLuma(of: large), luma: try Upscaler(model).enlargedLuma(of: small, to: size),
        border: scale)
    }
    let (own, bicubic) = (try comparison(model), try comparison(UpscalingModel(named: "bicubic")))
    return EvaluationReport.Result(
      name: pair.name, psnr: own.psnr, ssim: own.ssim, bicubicPSNR: bicubic.psnr, bicubicSSIM: bicubic.ssim)
  }
}
