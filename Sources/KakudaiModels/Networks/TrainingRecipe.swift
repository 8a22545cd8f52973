import KakudaiLayers
import KakudaiTensors

/// The networks that `kakudai train super-resolution` knows by name.
public struct TrainingRecipe: Sendable {
  public let name: String
  public let summary: String
  private let canHave: @Sendable (_ scale: Int) -> Bool
  private let make: @Sendable (_ scale: Int) -> any SuperResolutionNetwork

  /// A network with random weights.
  public func network(scale: Int) throws(ModelError) -> any SuperResolutionNetwork {
    guard (1...8).contains(scale) && canHave(scale) else { throw .impossibleScale(network: name, scale: scale) }
    return make(scale)
  }

  public static let all = [
    TrainingRecipe(name: "fast", summary: "our small network: separable layers, width 32, depth 9, 8 hinges") {
      KakudaiSeparableNet(scale: $0, width: 32, depth: 9, hinges: 8)
    },
    TrainingRecipe(name: "fastest", summary: "of the size of fast, dense layers: width 14, depth 7, 8 hinges") {
      KakudaiNet(scale: $0, width: 14, depth: 7, hinges: 8)
    },
    TrainingRecipe(name: "fine", summary: "our larger network: width 24, depth 11, 4 hinges") {
      KakudaiNet(scale: $0, width: 24, depth: 11, hinges: 4)
    },
    TrainingRecipe(name: "srcnn", summary: "Dong et al. 2014, kernels of 9, 5 and 5") { SRCNN(scale: $0) },
    TrainingRecipe(name: "fsrcnn", summary: "Dong et al. 2016") { FSRCNN(scale: $0) },
    TrainingRecipe(name: "espcn", summary: "Shi et al. 2016") { ESPCN(scale: $0) },
    TrainingRecipe(
      name: "lapsrn", summary: "after Lai et al. 2017; scales 2, 4 and 8", canHave: LapSRN.reaches
    ) { LapSRN(scale: $0) },
    TrainingRecipe(name: "edsr", summary: "the baseline of Lim et al. 2017: RGB, width 64, 16 blocks") {
      EDSR(scale: $0)
    },
    TrainingRecipe(name: "imdn", summary: "Hui et al. 2019: RGB, width 64, 6 blocks") { IMDN(scale: $0) },
    TrainingRecipe(name: "srvgg", summary: "the compact network of Real-ESRGAN: RGB, width 64, depth 16") {
      SRVGGNetCompact(scale: $0)
    },
  ]

  public init(named name: String) throws(ModelError) {
    guard let recipe = TrainingRecipe.all.first(where: { $0.name == name }) else {
      throw .unknownModel(name: name, known: TrainingRecipe.all.map(\.name))
    }
    self = recipe
  }

  private init(
    name: String, summary: String, canHave: @escaping @Sendable (Int) -> Bool = { _ in true },
    _ make: @escaping @Sendable (Int) -> any SuperResolutionNetwork
  ) {
    (self.name, self.summary, self.canHave, self.make) = (name, summary, canHave, make)
  }
}
