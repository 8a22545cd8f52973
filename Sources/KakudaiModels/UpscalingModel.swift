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
    /// By networks of one or several factors, the smallest factor first.
    case networks([ScaledNetwork])
  }

  let method: Method

  /// The networks of a model that has some, the smallest factor first.
  public var networks: [any SuperResolutionNetwork] {
    if case .networks(let networks) = method { networks.map(\.network) } else { [] }
  }

  /// The smallest factor of a model's networks; `nil` for filters, which take any.
  public var scale: Int? { if case .networks(let networks) = method { networks.first?.scale } else { nil } }

  /// What is built in; the first is the default.
  public static let builtIn = shipped + filters

  private static let filters = [
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
    let network = try UpscalingModel.network(of: weights, scale: scale)
    self.init(name: weights.path, summary: network.summary, method: .networks([ScaledNetwork(network)]))
  }

  /// The network of a weight file: that which the file names, or which the shapes of its tensors tell; of a training's
  /// checkpoint that of the averaged weights.
  ///
  /// - Parameter scale: As above.
  public static func network(of weights: Safetensors, scale: Int?) throws(ModelError) -> any SuperResolutionNetwork {
    let scale = weights.metadata["scale"].flatMap { Int($0) } ?? UpscalingModel.scale(inName: weights.path) ?? scale
    if let network = try weights.averagedNetwork() { return network }
    let validScale = scale.flatMap { (1...8).contains($0) ? $0 : nil }
    if let architecture = weights.metadata["architecture"] {
      guard let scale = validScale else { throw .unknownScale(path: weights.path) }
      let options = weights.metadata.compactMapValues { Int($0) }
      guard
        var network = KakudaiModels.network(
          architecture, scale: scale, options: options, numberCount: weights.numberCount)
      else {
        throw .unknownArchitecture(path: weights.path, tensors: weights.entries.count)
      }
      do { try network.load(weights) } catch { throw .unfittingWeights("\(error)") }
      return network
    }
    if let network = IMDN(recognising: weights) { return network }
    // Any factor will do for recognising the network.
    guard FSRCNN(recognising: weights, scale: 2) != nil else {
      throw .unknownArchitecture(path: weights.path, tensors: weights.entries.count)
    }
    guard let scale = validScale, let network = FSRCNN(recognising: weights, scale: scale) else {
      throw .unknownScale(path: weights.path)
    }
    return network
  }

  init(name: String, summary: String, method: Method) {
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
