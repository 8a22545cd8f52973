public import KakudaiTensors

/// A layer without parameters.
public protocol ParameterlessModule: Module {}

extension ParameterlessModule {
  public mutating func visitParameters(_ visitor: inout some ParameterVisitor) {}
}

/// max(x, 0).
public struct ReLU: ParameterlessModule {
  public init() {}
  public func callAsFunction(_ input: Tensor) -> Tensor { relu(input) }
}

/// x where it is positive, `negativeSlope`·x elsewhere.
public struct LeakyReLU: ParameterlessModule {
  public let negativeSlope: Float
  public init(negativeSlope: Float = 0.01) { self.negativeSlope = negativeSlope }
  public func callAsFunction(_ input: Tensor) -> Tensor { leakyReLU(input, negativeSlope: negativeSlope) }
  public var printedAttributes: String { "negative_slope=\(negativeSlope)" }
}

/// x where it is positive, a learned slope times x elsewhere: one slope, or one for each channel.
public struct PReLU: Module {
  public var weight: Tensor

  public init(parameters: Int = 1, initial: Float = 0.25) {
    guard parameters > 0 else { fatalError("PReLU: needs parameters, but has \(parameters)") }
    weight = Tensor(repeating: initial, shape: [parameters])
  }

  public func callAsFunction(_ input: Tensor) -> Tensor { prelu(input, weight) }

  public mutating func visitParameters(_ visitor: inout some ParameterVisitor) { visitor.visit("weight", &weight) }

  public var printedAttributes: String { "num_parameters=\(weight.shape[0])" }
}

/// `max(x, 0) + weight · min(x, 0) + Σₖ heightₖ · max(x − placeₖ, 0)`, all of it learned by each channel: a PReLU with more hinges,
/// which costs little beside a convolution (after the APL units of Agostinelli et al., 2015).
public struct PiecewiseLinear: Module {
  /// The slopes below 0, `(C)`.
  public var weight: Tensor
  /// What the names of the tensors of hinges end with.
  package static let hingeNames = [".places", ".heights"]

  /// Of the hinges, `(C, K)`.
  public var places: Tensor
  public var heights: Tensor

  /// - Parameters:
  ///   - hinges: Those of each channel besides that at 0, at most 16, evenly from −0.5 to 0.5 at first; 0 makes it a PReLU.
  ///   - initial: The slope below 0.
  public init(channels: Int, hinges: Int, initial: Float = 0.25) {
    guard channels > 0, (0...mostHinges).contains(hinges) else {
      fatalError("PiecewiseLinear: \(hinges) hinges of each of \(channels) channels are not possible")
    }
    weight = Tensor(repeating: initial, shape: [channels])
    let even = (0..<hinges).map { (Float($0) + 0.5) / Float(hinges) - 0.5 }
    places = Tensor((0..<channels).flatMap { _ in even }, shape: [channels, hinges])
    heights = .zeros([channels, hinges])
  }

  public func callAsFunction(_ input: Tensor) -> Tensor {
    heights.shape[1] == 0
      ? prelu(input, weight) : piecewiseLinear(input, slopes: weight, places: places, heights: heights)
  }

  public mutating func visitParameters(_ visitor: inout some ParameterVisitor) {
    visitor.visit("weight", &weight)
    guard heights.shape[1] > 0 else { return }
    visitor.visit("places", &places)
    visitor.visit("heights", &heights)
  }

  public var printedAttributes: String { "num_channels=\(weight.shape[0]), hinges=\(places.shape[1])" }
}

/// x / (1 + e⁻ˣ).
public struct SiLU: ParameterlessModule {
  public init() {}
  public func callAsFunction(_ input: Tensor) -> Tensor { silu(input) }
}

/// x·Φ(x).
public struct GELU: ParameterlessModule {
  public let approximation: GELUApproximation
  public init(approximation: GELUApproximation = .none) { self.approximation = approximation }
  public func callAsFunction(_ input: Tensor) -> Tensor { gelu(input, approximation: approximation) }
  public var printedAttributes: String { "approximate='\(approximation.rawValue)'" }
}

/// 1 / (1 + e⁻ˣ).
public struct Sigmoid: ParameterlessModule {
  public init() {}
  public func callAsFunction(_ input: Tensor) -> Tensor { sigmoid(input) }
}

/// The hyperbolic tangent.
public struct Tanh: ParameterlessModule {
  public init() {}
  public func callAsFunction(_ input: Tensor) -> Tensor { tanh(input) }
}

/// e^xᵢ / Σⱼ e^xⱼ along one axis.
public struct Softmax: ParameterlessModule {
  public let axis: Int
  public init(axis: Int) { self.axis = axis }
  public func callAsFunction(_ input: Tensor) -> Tensor { softmax(input, axis: axis) }
  public var printedAttributes: String { "dim=\(axis)" }
}

/// Zeroes elements at random in training.
public struct Dropout: ParameterlessModule {
  public let probability: Float
  public var isTraining = true

  public init(probability: Float = 0.5) {
    guard probability >= 0 && probability <= 1 else {
      fatalError("Dropout: the probability must be from 0 to 1, but is \(probability)")
    }
    self.probability = probability
  }

  public func callAsFunction(_ input: Tensor) -> Tensor {
    isTraining ? dropout(input, probability: probability) : input
  }

  public mutating func visitParameters(_ visitor: inout some ParameterVisitor) {
    visitor.visit(isTraining: &isTraining)
  }

  public var printedAttributes: String { "p=\(probability), inplace=False" }
}

/// Zeroes whole channels at random in training.
public struct Dropout2d: ParameterlessModule {
  public let probability: Float
  public var isTraining = true

  public init(probability: Float = 0.5) {
    guard probability >= 0 && probability <= 1 else {
      fatalError("Dropout2d: the probability must be from 0 to 1, but is \(probability)")
    }
    self.probability = probability
  }

  public func callAsFunction(_ input: Tensor) -> Tensor {
    isTraining ? dropout2d(input, probability: probability) : input
  }

  public mutating func visitParameters(_ visitor: inout some ParameterVisitor) {
    visitor.visit(isTraining: &isTraining)
  }

  public var printedAttributes: String { "p=\(probability), inplace=False" }
}

/// The input itself.
public struct Identity: ParameterlessModule {
  public init() {}
  public func callAsFunction(_ input: Tensor) -> Tensor { input }
}

/// Axes `startAxis` to the last as one.
public struct Flatten: ParameterlessModule {
  public let startAxis: Int
  public init(startAxis: Int = 1) { self.startAxis = startAxis }
  public func callAsFunction(_ input: Tensor) -> Tensor { input.flattened(fromAxis: startAxis) }
  public var printedAttributes: String { "start_dim=\(startAxis), end_dim=-1" }
}
