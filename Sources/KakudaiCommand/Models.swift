import ArgumentParser
import KakudaiLayers
import KakudaiModels

struct Models: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "models", abstract: "Lists the built-in models; the first is the default.")

  @Flag(help: "One JSON object a model.")
  var json = false

  struct Entry: Encodable {
    struct Network: Encodable {
      var scale: Int
      var multiplyAddsPerPixel: Int
      var parameters: Int
    }
    var name: String
    var summary: String
    /// Empty for filters, which take any scale.
    var networks: [Network]
  }

  func run() throws {
    let widest = UpscalingModel.builtIn.map(\.name.count).max() ?? 0
    for model in UpscalingModel.builtIn {
      guard !json else {
        let networks = model.networks.map {
          Entry.Network(
            scale: $0.scale, multiplyAddsPerPixel: $0.multiplyAddsPerPixel, parameters: $0.parameterCount)
        }
        try Terminal.print(json: Entry(name: model.name, summary: model.summary, networks: networks))
        continue
      }
      print(model.name + String(repeating: " ", count: widest - model.name.count + 2) + model.summary)
      for network in model.networks { print(String(repeating: " ", count: widest + 2) + network.summary) }
    }
  }
}
