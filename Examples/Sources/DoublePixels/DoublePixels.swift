import Kakudai

/// One `ConvTranspose2d` turns 28 × 28 pixels into 56 × 56.
@main
struct DoublePixels {
  static func main() {
    let layer = ConvTranspose2d(inChannels: 3, outChannels: 3, kernelSize: 4, stride: 2, padding: 1)
    let input = Tensor.normal([1, 3, 28, 28])
    print(layer)
    print("\(input.shape) → \(layer(input).shape)")
  }
}
