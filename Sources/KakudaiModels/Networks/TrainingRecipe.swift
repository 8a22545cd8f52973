import KakudaiLayers
import KakudaiTensors

/// The networks that `kakudai train super-resolution` knows by name, as they are trained.
public struct TrainingRecipe: Sendable {
  public let name: String
  public let summary: String
  private let make: @Sendable (_ scale: Int) -> any SuperResolutionNetwork

  /// A network with random weights.
  public func network(scale: Int) -> any SuperResolutionNetwork { make(scale) }

  public static let all = [
    TrainingRecipe(name: "fast", summary: "our small network: width 16, depth 5") {
      KakudaiNet(trainingScale: $0, width: 16, depth: 5)
    },
    TrainingRecipe(name: "fine", summary: "our larger network: width 24, depth 11") {
      KakudaiNet(trainingScale: $0, width: 24, depth: 11)
    },
    TrainingRecipe(name: "fsrcnn", summary: "Dong et al. 2016") { FSRCNN(scale: $0) },
  ]

  public init(named name: String) throws(ModelError) {
    guard let recipe = TrainingRecipe.all.first(where: { $0.name == name }) else {
      throw .unknownModel(name: name, known: TrainingRecipe.all.map(\.name))
    }
    self = recipe
  }

  private init(name: String, summary: String, _ make: @escaping @Sendable (Int) -> any SuperResolutionNetwork) {
    (self.name, self.summary, self.make) = (name, summary, make)
  }
}
