import ArgumentParser
import Foundation
import KakudaiImages

struct Compare: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "compare",
    abstract: "Says how far a picture is from a reference: PSNR in dB, and SSIM.",
    discussion: "By default on luma from 16 to 235, the protocol of the super-resolution literature.")

  @Argument(help: "The reference.")
  var reference: String

  @Argument(help: "The picture to judge.")
  var image: String

  @Option(help: "Pixels left out on all sides; the protocol takes the scale.")
  var border = 0

  @Flag(help: "What is compared.")
  var channels: Channels = .luma

  @Flag(help: "One JSON object.")
  var json = false

  enum Channels: String, EnumerableFlag {
    case luma
    case rgb
  }

  struct Result: Encodable {
    /// Absent where the pictures are equal.
    var psnr: Double?
    var ssim: Double?
    var channels: String
    var border: Int
  }

  func run() throws {
    let comparison: ImageComparison
    do {
      comparison = try ImageComparison(
        reference: try Image(contentsOf: reference), image: try Image(contentsOf: image), border: border,
        channels: channels == .luma ? .luma : .rgb)
    } catch { throw fail(error) }
    guard json else {
      print("PSNR \(comparison.psnr.isInfinite ? "∞" : String(format: "%.2f", comparison.psnr)) dB")
      print("SSIM \(comparison.ssim.isNaN ? "needs 11 × 11 pixels" : String(format: "%.4f", comparison.ssim))")
      return
    }
    try Terminal.print(
      json: Result(
        psnr: comparison.psnr.isFinite ? comparison.psnr : nil, ssim: comparison.ssim.isNaN ? nil : comparison.ssim,
        channels: channels.rawValue, border: border))
  }
}
