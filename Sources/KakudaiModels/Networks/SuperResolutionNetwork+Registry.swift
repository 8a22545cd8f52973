import KakudaiTensors
import KakudaiWeights

/// An architecture with random weights.
///
/// - Parameters:
///   - options: As the network's own `options`.
///   - numberCount: The numbers in the file that tells the options: larger networks are not made, however large it says they are.
/// - Returns: `nil` for an unknown architecture, or where options are missing or impossible.
func network(
  _ architecture: String, scale: Int, options: [String: Int], numberCount: Int
) -> (any SuperResolutionNetwork)? {
  func option(_ name: String) -> Int? { options[name].flatMap { (1...4096).contains($0) ? $0 : nil } }
  /// The width, and the number of layers that have about its square of weights.
  func body(_ width: String, _ layers: String) -> (width: Int, layers: Int)? {
    guard let width = option(width), let layers = option(layers), width * width * layers <= numberCount else {
      return nil
    }
    return (width, layers)
  }
  switch architecture {
  case KakudaiNet.architecture, KakudaiSeparableNet.architecture:
    let hinges = options["hinges"] ?? 0
    guard let (width, depth) = body("width", "depth"), (0...mostHinges).contains(hinges) else { return nil }
    return architecture == KakudaiNet.architecture
      ? KakudaiNet(scale: scale, width: width, depth: depth, hinges: hinges)
      : KakudaiSeparableNet(scale: scale, width: width, depth: depth, hinges: hinges)
  case FSRCNN.architecture:
    guard let (shrunk, mappings) = body("shrunk", "mappings"), let features = option("features"),
      features * shrunk <= numberCount
    else { return nil }
    return FSRCNN(scale: scale, features: features, shrunk: shrunk, mappings: mappings)
  case SRCNN.architecture:
    guard let middle = option("middle"), [1, 3, 5].contains(middle) else { return nil }
    return SRCNN(scale: scale, middle: middle)
  case ESPCN.architecture: return ESPCN(scale: scale)
  case LapSRN.architecture:
    guard LapSRN.reaches(scale) else { return nil }
    return body("width", "depth").map { LapSRN(scale: scale, width: $0.width, depth: $0.layers) }
  case EDSR.architecture:
    return body("width", "blocks").map { EDSR(scale: scale, width: $0.width, blocks: $0.layers) }
  case IMDN.architecture:
    guard let (width, blocks) = body("width", "blocks"), width % 16 == 0 else { return nil }
    return IMDN(scale: scale, width: width, blocks: blocks)
  case SRVGGNetCompact.architecture:
    return body("width", "depth").map { SRVGGNetCompact(scale: scale, width: $0.width, depth: $0.layers) }
  default: return nil
  }
}

extension Safetensors {
  /// The numbers in all tensors.
  var numberCount: Int { entries.reduce(0) { $0 + $1.shape.elementCount } }
}
