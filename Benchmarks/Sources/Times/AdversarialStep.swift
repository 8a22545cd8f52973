import Kakudai

/// The generator and the discriminator of DCGAN for pictures of 64 × 64 (Radford et al., 2016).
private struct DCGAN {
  var generator = Sequential {
    ConvTranspose2d(inChannels: 100, outChannels: 512, kernelSize: 4, bias: false)
    BatchNorm2d(512)
    ReLU()
    for channels in [512, 256, 128] {
      ConvTranspose2d(
        inChannels: channels, outChannels: channels / 2, kernelSize: 4, stride: 2, padding: 1, bias: false)
      BatchNorm2d(channels / 2)
      ReLU()
    }
    ConvTranspose2d(inChannels: 64, outChannels: 3, kernelSize: 4, stride: 2, padding: 1, bias: false)
    Tanh()
  }
  var discriminator = Sequential {
    Conv2d(inChannels: 3, outChannels: 64, kernelSize: 4, stride: 2, padding: 1, bias: false)
    LeakyReLU(negativeSlope: 0.2)
    for channels in [64, 128, 256] {
      Conv2d(inChannels: channels, outChannels: channels * 2, kernelSize: 4, stride: 2, padding: 1, bias: false)
      BatchNorm2d(channels * 2)
      LeakyReLU(negativeSlope: 0.2)
    }
    Conv2d(inChannels: 512, outChannels: 1, kernelSize: 4, bias: false)
  }
}

/// One step of Adam with both networks of DCGAN: the generator's on pictures it has just made, the discriminator's on these and
/// on real ones, both with the weights from before the step.
final class AdversarialStep: Job {
  private var networks = DCGAN()
  private var optimizers: (generator: Adam, discriminator: Adam)
  private let noise: Tensor
  private let pictures: Tensor
  private let real: Tensor

  /// Weights under `generator.` and `discriminator.`, `input` (noise) and `target` (pictures).
  init(_ file: Safetensors) throws {
    func weights(_ network: String) -> [String: Tensor] {
      let own = file.tensors.filter { $0.key.hasPrefix(network + ".") }
      return Dictionary(uniqueKeysWithValues: own.map { (String($0.key.dropFirst(network.count + 1)), $0.value) })
    }
    try networks.generator.load(weights("generator"), from: file.path, isStrict: true)
    try networks.discriminator.load(weights("discriminator"), from: file.path, isStrict: true)
    (noise, pictures) = (try file.tensor("input"), try file.tensor("target"))
    real = .ones([pictures.shape[0], 1, 1, 1])
    optimizers = (
      Adam(for: networks.generator, learningRate: 2e-4, momentum: 0.5),
      Adam(for: networks.discriminator, learningRate: 2e-4, momentum: 0.5)
    )
  }

  /// The results are the gradients.
  func run() -> (results: [String: Tensor], time: Duration) {
    var results: [String: Tensor] = [:]
    func collect(_ gradient: Sequential, _ network: String) {
      for (name, tensor, role) in gradient.namedTensors where role == .parameter {
        results["\(network).\(name)"] = tensor
      }
    }
    let time = ContinuousClock().measure {
      let discriminator = networks.discriminator
      var made = pictures
      let (_, generatorGradient) = valueAndGradient(of: networks.generator) { generator in
        let fake = generator(noise)
        made = fake
        return binaryCrossEntropyWithLogits(discriminator(fake), real)
      }
      let fake = Tensor(made.elements, shape: made.shape)
      let (_, discriminatorGradient) = valueAndGradient(of: networks.discriminator) { discriminator in
        binaryCrossEntropyWithLogits(discriminator(pictures), real)
          + binaryCrossEntropyWithLogits(discriminator(fake), 0 * real)
      }
      optimizers.generator.update(&networks.generator, along: generatorGradient)
      optimizers.discriminator.update(&networks.discriminator, along: discriminatorGradient)
      collect(generatorGradient, "generator")
      collect(discriminatorGradient, "discriminator")
    }
    return (results, time)
  }
}
