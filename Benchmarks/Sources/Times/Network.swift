import Kakudai

/// A network described by lines such as `conv 56 12 1 1 0` (inputs, outputs, kernel, stride, padding), whose weights stand in a
/// file as `0.weight`, `0.bias` … by the number of the line; `networks.py` makes the same of other libraries.
struct Network: Sendable {
  private let layers: [[String]]
  private let tensors: [String: Tensor]

  init(_ file: Safetensors) {
    layers = file.metadata["layers"]!.split(separator: "\n").map { $0.split(separator: " ").map(String.init) }
    tensors = file.tensors
  }

  func callAsFunction(_ input: Tensor) -> Tensor {
    var x = input
    var saved: [Tensor] = []
    for (index, layer) in layers.enumerated() {
      let numbers = layer.dropFirst().compactMap { Int($0) }
      let (weight, bias) = (tensors["\(index).weight"], tensors["\(index).bias"])
      switch layer[0] {
      case "conv": x = conv2d(x, weight!, bias, stride: PerAxis(numbers[3]), padding: .pixels(PerAxis(numbers[4])))
      case "convTranspose":
        x = convTranspose2d(
          x, weight!, bias, stride: PerAxis(numbers[3]), padding: PerAxis(numbers[4]),
          outputPadding: PerAxis(numbers[5]))
      case "prelu": x = prelu(x, weight!)
      case "relu": x = relu(x)
      case "leaky": x = leakyReLU(x, negativeSlope: 0.1)
      case "tanh": x = tanh(x)
      case "instanceNorm": x = instanceNorm(x)
      case "shuffle": x = pixelShuffle(x, upscaleFactor: numbers[0])
      case "reflect": x = pad(x, Array(repeating: numbers[0], count: 4), mode: .reflect)
      case "save": saved.append(x)
      case "add": x = x + saved.removeLast()
      case "addEnlarged": x = x + interpolate(saved.removeLast(), scaleFactor: 2, mode: .nearest)
      default: fatalError("\(layer[0]) is no layer")
      }
    }
    return x
  }
}
