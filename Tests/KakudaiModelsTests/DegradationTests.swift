import KakudaiImages
import KakudaiModels
import KakudaiTensors
import TestSupport
import Testing

struct DegradationTests {
  /// Waves, slopes and an edge in colour, `(1, 3, H, W)`.
  static func picture(height: Int, width: Int) -> Tensor {
    var elements: [Float] = []
    for channel in 0..<3 {
      for y in 0..<height {
        for x in 0..<width {
          let wave = Float((x * (3 + channel) + y * 2) % 40) / 40
          elements.append(x * 2 > y + channel * 5 ? 0.25 + 0.5 * wave : 0.9 - 0.4 * Float(y) / Float(height))
        }
      }
    }
    return Tensor(elements.map { ($0 * 255).rounded() / 255 }, shape: [1, 3, height, width])
  }

  @Test(arguments: [(35, true), (60, true), (85, true), (90, false), (97, false)])
  func `what our JPEG leaves is what libjpeg leaves`(quality: Int, halvesChroma: Bool) throws {
    let picture = Self.picture(height: 45, width: 61)
    try withTemporaryFolder { folder in
      // libvips halves colour differences below a quality of 90.
      try Image(picture).write(to: "\(folder)/a.jpg", quality: quality)
      let theirs = try Image(contentsOf: "\(folder)/a.jpg").colour
      let decoded = jpegRoundTrip(picture, quality: quality, halvesChroma: halvesChroma)
      func error(_ left: Tensor, _ right: Tensor) -> Float {
        let difference = left - right
        return (difference * difference).mean().item
      }
      // They differ by libjpeg's whole numbers, which round a few coefficients otherwise; halving alone would be 5e-3.
      let (ours, loss) = (error(decoded, theirs), error(picture, theirs))
      #expect(ours < 0.05 * loss + 2.5e-5, "\(ours), where JPEG loses \(loss)")
    }
  }

  @Test func `a photo's crops follow from the seed and the step, and show the place of the large ones`() throws {
    let pictures = [SuperResolutionPicture(Self.picture(height: 120, width: 132), scale: 2)!]
    let crops = CropSource(pictures, side: 12, batch: 24, channels: 1, seed: 3, degradation: .photo)!
    let (small, large) = crops.batch(step: 5)
    #expect(small.shape == [24, 1, 12, 12] && large.shape == [24, 1, 24, 24])
    #expect(crops.batch(step: 5).small == small && crops.batch(step: 6).small != small)
    let clean = interpolate(large, size: [12, 12], mode: .area)
    let distances = (0..<24).map { index in
      abs(small.sliced(0, index..<index + 1) - clean.sliced(0, index..<index + 1)).mean().item
    }
    // Worse than clean, each to another degree, but the same place.
    #expect(distances.allSatisfy { $0 > 0.0005 && $0 < 0.08 }, "\(distances)")
    #expect(Set(distances).count == 24 && distances.max()! > 2 * distances.min()!)
    #expect(CropSource(pictures, side: 46, batch: 1, channels: 1, seed: 3, degradation: .photo) == nil)
  }

  @Test func `held-out pictures are degraded alike each time`() {
    let picture = SuperResolutionPicture(Self.picture(height: 64, width: 80), scale: 4)!
    let degraded = picture.degraded(seed: 9)
    #expect(degraded.tensors.large == picture.tensors.large && degraded.tensors.small.shape == [1, 3, 16, 20])
    #expect(degraded.tensors.small == picture.degraded(seed: 9).tensors.small)
    #expect(degraded.tensors.small != picture.degraded(seed: 10).tensors.small)
  }
}
