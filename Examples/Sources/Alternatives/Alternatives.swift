import Kakudai

/// The layer's alternatives: interpolation, and channels shuffled into space.
@main
struct Alternatives {
  static func main() {
    let picture = Tensor.normal([1, 3, 28, 28])
    let interpolated = interpolate(picture, scaleFactor: 2, mode: .bilinear)
    print("interpolate ×2, bilinear: \(picture.shape) → \(interpolated.shape)")

    // The article's PixelShuffle(3) on 3 channels is an error, here as in PyTorch: 3 is not divisible by 3² = 9.
    let network = Sequential {
      Conv2d(inChannels: 3, outChannels: 27, kernelSize: 3, padding: 1)
      PixelShuffle(upscaleFactor: 3)
    }
    print("PixelShuffle(3) on 27 channels: \(picture.shape) → \(network(picture).shape)")
  }
}
