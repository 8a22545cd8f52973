import ArgumentParser
import KakudaiModels

struct Models: ParsableCommand {
  static let configuration = CommandConfiguration(abstract: "Lists the built-in models; the first is the default.")

  @Flag(help: "One JSON object a model.")
  var json = false

  struct Entry: Encodable {
    var name: String
    var summary: String
    var scale: Int?
  }

  func run() throws {
    let widest = UpscalingModel.builtIn.map(\.name.count).max() ?? 0
    for model in UpscalingModel.builtIn {
      if json {
        try Terminal.print(json: Entry(name: model.name, summary: model.summary, scale: model.scale))
      } else {
        print(model.name + String(repeating: " ", count: widest - model.name.count + 2) + model.summary)
      }
    }
  }
}
