import KakudaiTensors
import KakudaiWeights

extension Safetensors {
  /// Where a training's checkpoint has its averaged weights.
  private static let averagePrefix = "average.average."

  /// The averaged weights of a training's checkpoint by the names that the network has for them; `nil` for other files.
  var averagedTensors: [String: Tensor]? {
    guard metadata["network"] != nil else { return nil }
    let averaged = tensors.filter { $0.key.hasPrefix(Self.averagePrefix) }
    guard !averaged.isEmpty else { return nil }
    return Dictionary(
      uniqueKeysWithValues: averaged.map { (String($0.key.dropFirst(Self.averagePrefix.count)), $0.value) })
  }

  /// The averaged network of a training's checkpoint, as it would be shipped; `nil` for other files.
  func averagedNetwork() throws(ModelError) -> (any SuperResolutionNetwork)? {
    guard let tensors = averagedTensors, let name = metadata["network"] else { return nil }
    guard let scale = metadata["scale"].flatMap({ Int($0) }), (1...8).contains(scale) else {
      throw .unknownScale(path: path)
    }
    let recipe = try TrainingRecipe(named: name)
    var network = withRandomSeed(0) { recipe.network(scale: scale) }
    do { try network.load(tensors, from: path) } catch { throw .unfittingWeights("\(error)") }
    return network.shipped
  }
}
