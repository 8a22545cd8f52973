/// What can be wrong with the choice of a model.
public enum ModelError: Error, Hashable {
  /// There is no built-in model of that name.
  case unknownModel(name: String, known: [String])
  /// The network in the file is none of those we know.
  case unknownArchitecture(path: String, tensors: Int)
  /// The file does not say by how much its network enlarges.
  case unknownScale(path: String)
  /// The network does not exist for the scale.
  case impossibleScale(network: String, scale: Int)
  /// The tensors in the file are not those of the network it names.
  case unfittingWeights(String)
  /// The picture or the size asked for is impossible.
  case impossibleSize(String)
}

extension ModelError: CustomStringConvertible {
  public var description: String {
    switch self {
    case .unknownModel(let name, let known):
      "there is no model named \(name); built in are \(known.joined(separator: ", "))"
    case .unknownArchitecture(let path, let tensors):
      "\(path) holds \(tensors) tensors, but no network that is known here and fits them"
    case .unknownScale(let path):
      "\(path) does not say by how much its network enlarges: name it so (…x2…), or give its scale with -s"
    case .impossibleScale(let network, let scale): "there is no \(network) of scale \(scale)"
    case .unfittingWeights(let reason), .impossibleSize(let reason): reason
    }
  }
}
