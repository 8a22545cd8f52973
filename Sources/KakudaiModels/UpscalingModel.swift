import KakudaiLayers
import KakudaiTensors
public import KakudaiWeights

/// Something that enlarges pictures: a resampling filter or a network.
public struct UpscalingModel: Sendable {
  /// As `-n` takes it.
  public let name: String
  public let summary: String

  /// How the model computes.
  enum Method: Sendable {
    /// To any size at once.
    case resampling(InterpolationMode)
    /// By a depthwise transposed convolution of any whole factor.
    case transposedBicubic
    /// By a network of one factor; where it knows luma only, colour differences are resampled.
    case network(any SuperResolutionNetwork)
  }

  let method: Method

  /// The one factor of a network; `nil` for filters, which take any.
  public var scale: Int? {
    if case .network(let network) = method { network.scale } else { nil }
  }

  /// What is built in; the first is the default.
  public static let builtIn = [
    UpscalingModel(
      name: "transposed-bicubic", summary: "cubic kernel (a = -0.5) applied as a depthwise transposed convolution",
      method: .transposedBicubic),
    UpscalingModel(name: "nearest", summary: "repeats pixels", method: .resampling(.nearestExact)),
    UpscalingModel(name: "bilinear", summary: "linear between neighbours", method: .resampling(.bilinear)),
    UpscalingModel(name: "bicubic", summary: "cubic kernel (a = -0.5)", method: .resampling(.bicubic)),
    UpscalingModel(name: "lanczos", summary: "windowed sinc of radius 3", method: .resampling(.lanczos)),
  ]

  /// The built-in model `name`.
  public init(named name: String) throws(ModelError) {
    guard let model = UpscalingModel.builtIn.first(where: { $0.name == name }) else {
      throw .unknownModel(name: name, known: UpscalingModel.builtIn.map(\.name))
    }
    self = model
  }

  /// The network of a weight file.
  ///
  /// - Parameter scale: Its factor, where the file's metadata (`scale`) and name (`…x2…`) do not tell.
  public init(_ weights: Safetensors, scale: Int?) throws(ModelError) {
    let told = weights.metadata["scale"].flatMap { Int($0) } ?? UpscalingModel.scale(inName: weights.path)
    let network = try UpscalingModel.network(weights, scale: told ?? scale)
    self.init(
      name: weights.path,
      summary: "\(type(of: network).architecture) ×\(network.scale), \(network.parameterCount) parameters",
      method: .network(network))
  }

  /// The network that the file names, or that the shapes of its tensors tell.
  private static func network(_ weights: Safetensors, scale: Int?) throws(ModelError) -> any SuperResolutionNetwork {
    if let network = try weights.averagedNetwork() { return network }
    let validScale = scale.flatMap { (1...8).contains($0) ? $0 : nil }
    if let architecture = weights.metadata["architecture"] {
      guard let scale = validScale else { throw .unknownScale(path: weights.path) }
      let options = weights.metadata.compactMapValues { Int($0) }
      guard var network = shippedNetwork(architecture, scale: scale, options: options) else {
        throw .unknownArchitecture(path: weights.path, tensors: weights.entries.count)
      }
      do { try network.load(weights) } catch { throw .unfittingWeights("\(error)") }
      return network
    }
    // Any factor will do for recognising the network.
    guard FSRCNN(recognising: weights, scale: 2) != nil else {
      throw .unknownArchitecture(path: weights.path, tensors: weights.entries.count)
    }
    guard let scale = validScale, let network = FSRCNN(recognising: weights, scale: scale) else {
      throw .unknownScale(path: weights.path)
    }
    return network
  }

  private init(name: String, summary: String, method: Method) {
    (self.name, self.summary, self.method) = (name, summary, method)
  }

  /// The factor in a file name such as `fsrcnn_x2.safetensors` or `2x-net.safetensors`.
  private static func scale(inName path: String) -> Int? {
    let name = Array((path.split(separator: "/").last ?? "").lowercased())
    for index in name.indices where name[index] == "x" {
      let next = index + 1 < name.count ? name[index + 1].wholeNumberValue : nil
      let afterNext = index + 2 < name.count ? name[index + 2].isNumber : false
      if let next, !afterNext, (2...8).contains(next) { return next }
      let previous = index > 0 ? name[index - 1].wholeNumberValue : nil
      let beforePrevious = index > 1 ? name[index - 2].isNumber : false
      if let previous, !beforePrevious, (2...8).contains(previous) { return previous }
    }
    return nil
  }
}
