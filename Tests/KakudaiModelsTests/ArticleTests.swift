import KakudaiImages
import KakudaiLayers
import KakudaiTensors
import TestSupport
import Testing

/// The README's program, and with it the article's.
struct ArticleTests {
  @Test func `two transposed convolutions make a photograph four times as large`() throws {
    let model = Sequential {
      ConvTranspose2d(inChannels: 3, outChannels: 32, kernelSize: 4, stride: 2, padding: 1)
      ReLU()
      ConvTranspose2d(inChannels: 32, outChannels: 3, kernelSize: 4, stride: 2, padding: 1)
    }
    try withTemporaryFolder { folder in
      let photo = "\(folder)/photo.png"
      try Image(.uniform([3, 30, 45])).write(to: photo)
      let image = try Image(contentsOf: photo)
      let enlarged = model(Tensor(image))
      #expect(enlarged.shape == [1, 3, 120, 180])
      try Image(enlarged).write(to: "\(folder)/photo-x4.png")
      let written = try Image(contentsOf: "\(folder)/photo-x4.png")
      #expect(written.width == 180 && written.height == 120)
      for (left, right) in zip(written.colour.elements, enlarged.elements) {
        #expect(abs(left - min(max(right, 0), 1)) < 0.002)
      }
    }
  }
}
