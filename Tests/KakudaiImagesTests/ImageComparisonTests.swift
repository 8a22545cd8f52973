import KakudaiImages
import KakudaiTensors
import TestSupport
import Testing

struct ImageComparisonTests {
  @Test func `equal pictures have infinite PSNR and SSIM 1`() throws {
    let image = ImageWritingTests.gradient
    let comparison = try ImageComparison(reference: image, image: image)
    #expect(comparison.psnr == .infinity && abs(comparison.ssim - 1) < 1e-12)
  }

  @Test func `a known error gives the known PSNR`() throws {
    // 10 of 255 everywhere: 10·log₁₀(255² / 100) = 28.1308 dB.
    let reference = Image(colour: Tensor(repeating: 100 / 255, shape: [1, 3, 20, 20]))
    let image = Image(colour: Tensor(repeating: 110 / 255, shape: [1, 3, 20, 20]))
    #expect(
      abs(try ImageComparison(reference: reference, image: image, channels: .rgb).psnr - 28.130_803_608_679) < 1e-9)
    // Luma of grey 100 is 101.88, rounded 102; of 110 it is 110.47, rounded 110: 10·log₁₀(255² / 64).
    #expect(abs(try ImageComparison(reference: reference, image: image).psnr - 30.069_003_868_5) < 1e-6)
  }

  @Test func `constants compare by their luminance alone`() throws {
    // Without variance SSIM is (2xy + C₁) / (x² + y² + C₁), x = 100, y = 110, C₁ = 6.5025.
    let reference = Image(colour: Tensor(repeating: 100 / 255, shape: [1, 1, 20, 20]))
    let image = Image(colour: Tensor(repeating: 110 / 255, shape: [1, 1, 20, 20]))
    let expected = 22_006.5025 / 22_106.5025
    #expect(abs(try ImageComparison(reference: reference, image: image, channels: .rgb).ssim - expected) < 1e-9)
  }

  @Test func `the border is left out, and sizes must agree`() throws {
    var image = ImageWritingTests.gradient
    image.colour.withUnsafeMutableBufferPointer { $0[0] = 1 }
    #expect(try ImageComparison(reference: ImageWritingTests.gradient, image: image, border: 1).psnr == .infinity)
    #expect(throws: ImageError.self) {
      try ImageComparison(reference: image, image: Image(colour: .zeros([1, 3, 2, 2])))
    }
    #expect(throws: ImageError.self) { try ImageComparison(reference: image, image: image, border: 15) }
  }
}
