import ArgumentParser
import KakudaiLayers
import KakudaiModels
import KakudaiWeights

struct Export: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "export",
    abstract: "Writes the network of a weight file or of a training's checkpoint as it is shipped.",
    discussion: "Of a checkpoint the averaged weights count; layers that are trained as several become one.")

  @Argument(help: "Weight files (.safetensors) or checkpoints; of several of one network, the mean is written.")
  var inputs: [String]

  @Option(name: [.customShort("o"), .customLong("output")], help: "The weight file to write (.safetensors).")
  var output: String

  @Option(help: "How numbers are stored: f32, f16 or bf16.")
  var type = StoredType.f32

  @Option(name: [.customShort("s"), .long], help: "How many times larger, where the file does not tell.")
  var scale: Int?

  enum StoredType: String, ExpressibleByArgument, CaseIterable {
    case f32
    case f16
    case bf16

    var elementType: ElementType {
      switch self {
      case .f32: .float32
      case .f16: .float16
      case .bf16: .bfloat16
      }
    }
  }

  func run() throws {
    do {
      let networks = try inputs.map { path in
        (path: path, network: try UpscalingModel.network(of: try Safetensors(contentsOf: path), scale: scale))
      }
      let network = try networks.mean()
      try network.save(to: output, as: type.elementType, metadata: network.metadata)
      Terminal.report("\(output): \(network.title), \(network.parameterCount) parameters as \(type.rawValue)")
    } catch { throw fail(error) }
  }
}
