import KakudaiLayers
import KakudaiTensors
public import KakudaiWeights

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

  /// The averaged network of a training's checkpoint; `nil` for other files.
  func averagedNetwork() throws(ModelError) -> (any SuperResolutionNetwork)? {
    guard let tensors = averagedTensors, let name = metadata["network"] else { return nil }
    guard let scale = metadata["scale"].flatMap({ Int($0) }), (1...8).contains(scale) else {
      throw .unknownScale(path: path)
    }
    let recipe = try TrainingRecipe(named: name)
    var network = try withRandomSeed(0) {
      Result { () throws(ModelError) in try recipe.network(scale: scale) }
    }.get()
    do { try network.load(tensors, from: path) } catch { throw .unfittingWeights("\(error)") }
    return network
  }
}

extension SuperResolutionNetwork {
  /// Takes weights to begin a training with: those of a weight file, or the averaged ones of a checkpoint, where
  /// shapes agree. Of a network of another scale that is all but the last layer; hinges may be missing, and stay as they are.
  ///
  /// - Throws: where the file holds another network.
  public mutating func begin(with weights: Safetensors) throws(ModelError) {
    try load(agreeing: weights.averagedTensors ?? weights.tensors, from: weights.path)
  }

  private mutating func load(agreeing tensors: [String: Tensor], from path: String) throws(ModelError) {
    let shapes = Dictionary(uniqueKeysWithValues: namedTensors.map { ($0.name, $0.tensor.shape) })
    let agreeing = tensors.filter { shapes[$0.key] == $0.value.shape }
    let lacking = Set(shapes.keys).symmetricDifference(tensors.keys)
    let areHinges = lacking.allSatisfy {
      shapes[$0] != nil && PiecewiseLinear.hingeNames.contains(where: $0.hasSuffix)
    }
    guard areHinges, !agreeing.isEmpty else {
      throw .unfittingWeights("\(path) holds no weights of this network (\(Self.architecture))")
    }
    do { try load(agreeing, from: path, isStrict: false) } catch { throw .unfittingWeights("\(error)") }
  }
}
