import KakudaiLayers

/// The shipped form of an architecture, with random weights.
///
/// - Parameter options: As the network's own `options`.
/// - Returns: `nil` for an unknown architecture, or where options are missing or impossible.
func shippedNetwork(_ architecture: String, scale: Int, options: [String: Int]) -> (any SuperResolutionNetwork)? {
  func option(_ name: String) -> Int? { options[name].flatMap { (1...4096).contains($0) ? $0 : nil } }
  switch architecture {
  case KakudaiNet<Conv2d>.architecture:
    guard let width = option("width"), let depth = option("depth") else { return nil }
    return KakudaiNet(scale: scale, width: width, depth: depth)
  case FSRCNN.architecture:
    guard let features = option("features"), let shrunk = option("shrunk"), let mappings = option("mappings") else {
      return nil
    }
    return FSRCNN(scale: scale, features: features, shrunk: shrunk, mappings: mappings)
  default: return nil
  }
}
