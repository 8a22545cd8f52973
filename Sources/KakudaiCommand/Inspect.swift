import ArgumentParser
import KakudaiModels
import KakudaiTensors
import KakudaiWeights

struct Inspect: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "inspect", abstract: "Says what is in a weight file (.safetensors).")

  @Argument(help: "The file.")
  var file: String

  @Flag(help: "One JSON object.")
  var json = false

  struct Result: Encodable {
    struct Entry: Encodable {
      var name: String
      var type: String
      var shape: [Int]
    }
    var network: String?
    var parameters: Int
    var metadata: [String: String]
    var tensors: [Entry]
  }

  func run() throws {
    let weights: Safetensors
    do { weights = try Safetensors(contentsOf: file) } catch { throw fail(error) }
    let count = weights.entries.reduce(0) { $0 + $1.shape.elementCount }
    let network: String? =
      switch Swift.Result(catching: { try UpscalingModel(weights, scale: nil) }) {
      case .success(let model): model.summary
      case .failure(ModelError.unknownScale): "FSRCNN of a scale that the file does not tell"
      case .failure: nil
      }
    guard !json else {
      return try Terminal.print(
        json: Result(
          network: network, parameters: count, metadata: weights.metadata,
          tensors: weights.entries.map {
            Result.Entry(name: $0.name, type: $0.elementType.rawValue, shape: $0.shape.dimensions)
          }))
    }
    print("\(file): \(weights.entries.count) tensors, \(count) numbers; \(network ?? "no network that is known here")")
    for (key, value) in weights.metadata.sorted(by: { $0.key < $1.key }) { print("  \(key) = \(value)") }
    let widest = weights.entries.map(\.name.count).max() ?? 0
    for entry in weights.entries {
      let gap = String(repeating: " ", count: widest - entry.name.count + 2)
      print("  \(entry.name)\(gap)\(entry.elementType.rawValue)  \(entry.shape)")
    }
  }
}
