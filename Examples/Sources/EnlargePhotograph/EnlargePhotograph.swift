import Kakudai
import KakudaiImages

/// A network of two `ConvTranspose2d` makes a photograph four times as high and wide.
///
/// The article scales an image that is 0…1 already by 1/255 once more, which makes it black, and adds a batch axis to a batch,
/// which makes it five-dimensional; here it stays 0…1 and `(1, 3, H, W)`. The weights are PyTorch's initial ones, so the
/// picture shows what an untrained network does: its size is right, its colours are not. `kakudai upscale` does the real job.
@main
struct EnlargePhotograph {
  static func main() throws {
    let arguments = CommandLine.arguments.dropFirst()
    let source = arguments.first ?? "Examples/Photographs/chelsea.png"
    let target = arguments.dropFirst().first ?? "out/untrained-x4.png"

    let model = Sequential {
      ConvTranspose2d(inChannels: 3, outChannels: 32, kernelSize: 4, stride: 2, padding: 1)
      ReLU()
      ConvTranspose2d(inChannels: 32, outChannels: 3, kernelSize: 4, stride: 2, padding: 1)
    }
    print(model)
    let image = try Image(contentsOf: source)
    let enlarged = model(Tensor(image))
    try Image(enlarged).write(to: target)
    print("\(source) \(Tensor(image).shape) → \(target) \(enlarged.shape)")
  }
}
