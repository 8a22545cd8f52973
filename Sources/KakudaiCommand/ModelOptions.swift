import ArgumentParser
import KakudaiModels
import KakudaiWeights

/// Which model runs: a built-in one or that of a file.
struct ModelOptions: ParsableArguments {
  @Option(name: [.customShort("n"), .customLong("name")], help: "A built-in model; see `kakudai models`.")
  var name: String?

  @Option(
    name: [.customShort("m"), .customLong("model")],
    help: "A weight file (.safetensors), or the checkpoint of a training, whose averaged weights count.")
  var file: String?

  var isChosen: Bool { name != nil || file != nil }

  func validate() throws {
    if name != nil && file != nil { throw ValidationError("Give either -n or -m.") }
  }

  /// - Parameter scale: What the picture is to be enlarged by, where that is known.
  func chosen(scale: Double?) throws -> UpscalingModel {
    guard let file else { return try name.map { try UpscalingModel(named: $0) } ?? UpscalingModel.builtIn[0] }
    let whole = scale.flatMap { $0 == $0.rounded() ? Int($0) : nil }
    return try UpscalingModel(try Safetensors(contentsOf: file), scale: whole)
  }
}

extension UpscalingModel {
  /// A built-in model, or that of a weight file where none has this name.
  init(nameOrFile: String, scale: Int?) throws {
    if let model = UpscalingModel.builtIn.first(where: { $0.name == nameOrFile }) {
      self = model
    } else {
      try self.init(try Safetensors(contentsOf: nameOrFile), scale: scale)
    }
  }
}
