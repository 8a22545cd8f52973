import KakudaiImages
import KakudaiTensors
import TestSupport
import Testing

#if canImport(Glibc)
import Glibc
#elseif canImport(Darwin)
import Darwin
#endif

/// PSNR and SSIM against the definitions, term by term, and against what papers print.
struct ComparisonProtocolTests {
  private func grey(_ levels: [Int], height: Int, width: Int) throws -> Image {
    try Image(Tensor(levels.map { Float($0) / 255 }, shape: [1, height, width]))
  }

  @Test func `Luma is MATLAB's, rounded, and the border is cut`() throws {
    // rgb2ycbcr(uint8([255 255 255])) is 235, of red 81, of black 16.
    func one(_ red: Float, _ green: Float, _ blue: Float) throws -> Image {
      try Image(Tensor([red, green, blue], shape: [3, 1, 1]))
    }
    let (white, red, black) = try (one(1, 1, 1), one(1, 0, 0), one(0, 0, 0))
    func error(_ a: Image, _ b: Image) throws -> Double {
      255 / pow(10, try ImageComparison(reference: a, image: b).psnr / 20)
    }
    #expect(abs(try error(white, black) - 219) < 1e-6)
    #expect(abs(try error(red, black) - 65) < 1e-6)
    let third = try ImageComparison(reference: red, image: black, channels: .rgb).psnr
    #expect(abs(third - 10 * log10(3)) < 1e-9)

    var levels = [Int](repeating: 7, count: 25)
    let inner = try grey(levels, height: 5, width: 5)
    levels[3] = 200
    #expect(
      try ImageComparison(reference: inner, image: try grey(levels, height: 5, width: 5), border: 1).psnr == .infinity)
  }

  @Test func `SSIM is what the formula says, computed window by window`() throws {
    let (height, width) = (14, 13)
    let a = (0..<height * width).map { $0 * 7919 % 256 }
    let b = a.indices.map { min(255, max(0, a[$0] + $0 * 104_729 % 41 - 20)) }
    var weights = (0..<121).map { (index: Int) -> Double in
      let (y, x) = (Double(index / 11 - 5), Double(index % 11 - 5))
      return exp(-(y * y + x * x) / 4.5)
    }
    let total = weights.reduce(0, +)
    weights = weights.map { $0 / total }
    var sum = 0.0
    for top in 0...height - 11 {
      for left in 0...width - 11 {
        func mean(_ value: (Int) -> Double) -> Double {
          var sum = 0.0
          for k in 0..<121 { sum += weights[k] * value((top + k / 11) * width + left + k % 11) }
          return sum
        }
        let muA = mean { Double(a[$0]) }
        let muB = mean { Double(b[$0]) }
        let varianceA = mean { (Double(a[$0]) - muA) * (Double(a[$0]) - muA) }
        let varianceB = mean { (Double(b[$0]) - muB) * (Double(b[$0]) - muB) }
        let covariance = mean { (Double(a[$0]) - muA) * (Double(b[$0]) - muB) }
        let likeness = (2 * muA * muB + 6.5025) * (2 * covariance + 58.5225)
        sum += likeness / ((muA * muA + muB * muB + 6.5025) * (varianceA + varianceB + 58.5225))
      }
    }
    let comparison = try ImageComparison(
      reference: grey(a, height: height, width: width), image: try grey(b, height: height, width: width))
    #expect(abs(comparison.ssim - sum / 12) < 1e-9)
    let same = try grey(a, height: height, width: width)
    #expect(abs(try ImageComparison(reference: same, image: same).ssim - 1) < 1e-12)
  }
}
