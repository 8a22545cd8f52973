import Foundation

/// What `evaluate` says.
struct EvaluationReport: Encodable {
  /// PSNR in dB; not a number, and absent in JSON, where it is infinite or a picture is smaller than a window.
  struct Result: Encodable {
    var name: String
    var psnr: Double?
    var ssim: Double?
    var bicubicPSNR: Double?
    var bicubicSSIM: Double?

    init(name: String, psnr: Double?, ssim: Double?, bicubicPSNR: Double?, bicubicSSIM: Double?) {
      func number(_ value: Double?) -> Double? { value.flatMap { $0.isFinite ? $0 : nil } }
      (self.name, self.psnr, self.ssim) = (name, number(psnr), number(ssim))
      (self.bicubicPSNR, self.bicubicSSIM) = (number(bicubicPSNR), number(bicubicSSIM))
    }
  }

  let model: String
  let scale: Int
  let pictures: [Result]
  let mean: Result

  init(model: String, scale: Int, pictures: [Result]) {
    (self.model, self.scale, self.pictures) = (model, scale, pictures)
    func mean(_ value: (Result) -> Double?) -> Double? {
      let values = pictures.compactMap(value)
      return values.count == pictures.count ? values.reduce(0, +) / Double(values.count) : nil
    }
    self.mean = Result(
      name: "mean of \(pictures.count)", psnr: mean(\.psnr), ssim: mean(\.ssim), bicubicPSNR: mean(\.bicubicPSNR),
      bicubicSSIM: mean(\.bicubicSSIM))
  }

  var table: String {
    let widest = max(8, (pictures + [mean]).map(\.name.count).max() ?? 0)
    func number(_ value: Double?, digits: Int) -> String {
      let text = value.map { String(format: "%.\(digits)f", $0) } ?? "-"
      return String(repeating: " ", count: max(0, 8 - text.count)) + text
    }
    func row(_ result: Result) -> String {
      result.name + String(repeating: " ", count: widest - result.name.count)
        + number(result.psnr, digits: 2) + number(result.ssim, digits: 4) + "   "
        + number(result.bicubicPSNR, digits: 2) + number(result.bicubicSSIM, digits: 4)
    }
    let title = "×\(scale)" + String(repeating: " ", count: widest - 2) + "    PSNR    SSIM    bicubic    SSIM"
    return ([title] + pictures.map(row) + [row(mean)]).joined(separator: "\n")
  }
}
