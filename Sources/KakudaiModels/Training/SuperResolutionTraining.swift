public import KakudaiLayers
public import KakudaiTensors

#if canImport(Glibc)
import Glibc
#elseif canImport(Darwin)
import Darwin
#endif

/// What the network learns to make small.
public enum SuperResolutionLoss: String, Hashable, Sendable, CaseIterable {
  case l1
  case mse
  case charbonnier
  case psnr

  /// How long its gradients may be before they are shortened, where nothing else is known.
  public var usualGradientLimit: Float { self == .psnr ? 400 : 1 }

  func callAsFunction(_ prediction: Tensor, _ target: Tensor) -> Tensor {
    switch self {
    case .l1: l1Loss(prediction, target)
    case .mse: mseLoss(prediction, target)
    case .charbonnier: charbonnierLoss(prediction, target)
    case .psnr: psnrLoss(prediction, target)
    }
  }
}

/// How a network is made to learn.
public enum TrainingOptimizer: String, Hashable, Sendable, CaseIterable {
  case soap
  case adam

  /// The learning rate to begin with, where nothing else is known.
  public var usualLearningRate: Float {
    switch self {
    case .soap: 5e-3
    case .adam: 1e-3
    }
  }

  func callAsFunction(for network: some Parameterized) -> any Optimizer {
    switch self {
    case .soap: SOAP(for: network)
    case .adam: Adam(for: network)
    }
  }
}

/// The training of one network: its state between two steps, which can be saved and taken up again.
public struct SuperResolutionTraining<Network: SuperResolutionNetwork>: Sendable {
  public private(set) var network: Network
  public private(set) var average: ExponentialMovingAverage<Network>
  private var optimizer: any Optimizer
  private let schedule: LearningRateSchedule
  private let loss: SuperResolutionLoss
  private let gradientLimit: Float
  /// Steps taken so far.
  public var step: Int { optimizer.stepCount }

  public init(
    _ network: Network, optimizer: TrainingOptimizer, schedule: LearningRateSchedule, loss: SuperResolutionLoss,
    averageDecay: Float = 0.999, gradientLimit: Float = .infinity
  ) {
    (self.network, self.schedule, self.loss, self.gradientLimit) = (network, schedule, loss, gradientLimit)
    average = ExponentialMovingAverage(of: network, decay: averageDecay)
    self.optimizer = optimizer(for: network)
  }

  /// Takes one step.
  ///
  /// - Returns: the loss before it.
  public mutating func advance(on batch: (small: Tensor, large: Tensor)) throws(TrainingError) -> Float {
    let loss = self.loss
    var (value, gradient) = valueAndGradient(of: network) { loss($0(batch.small), batch.large) }
    guard value.isFinite else { throw .lossIsNotANumber(step: step, loss: value) }
    // With several processes, this is the one place where their gradients would be added.
    let norm = gradient.clipNorm(to: gradientLimit)
    guard norm.isFinite else { throw .lossIsNotANumber(step: step, loss: norm) }
    optimizer.learningRate = schedule.rate(at: step)
    optimizer.update(&network, along: gradient)
    average.update(network)
    return value
  }

  public var learningRate: Float { schedule.rate(at: step) }

  /// Mean PSNR of the averaged network on pictures, in dB, on what the network computes (luma, or RGB), a border of the scale left out.
  public func validationPSNR(_ pictures: [SuperResolutionPicture]) -> Double {
    let network = average.average
    let values = pictures.map { picture in
      let pair = picture.pair(channels: network.channels)
      return peakSignalToNoiseRatio(
        clamp(network(pair.small), minimum: 0, maximum: 1), pair.large, border: network.scale)
    }
    return values.reduce(0, +) / Double(max(1, values.count))
  }
}

extension SuperResolutionTraining: Parameterized {
  /// All that a step changes: saving and loading these makes training go on as if it had not been interrupted.
  public mutating func visitParameters(_ visitor: inout some ParameterVisitor) {
    visitor.visit("network", &network)
    visitor.visit("average", &average)
    visitor.visit("optimizer", &optimizer)
  }
}

/// What can go wrong in training.
public enum TrainingError: Error, Hashable {
  case lossIsNotANumber(step: Int, loss: Float)
}

extension TrainingError: CustomStringConvertible {
  public var description: String {
    switch self {
    case .lossIsNotANumber(let step, let loss):
      "training stopped at step \(step): the loss or its gradient is \(loss); a lower learning rate may help"
    }
  }
}

/// 10·log₁₀(1 / mean squared error) of pictures in 0…1, `border` pixels left out on all sides.
func peakSignalToNoiseRatio(_ left: Tensor, _ right: Tensor, border: Int) -> Double {
  func inner(_ picture: Tensor) -> Tensor {
    picture.sliced(2, border..<picture.shape[2] - border).sliced(3, border..<picture.shape[3] - border)
  }
  return -10 * log10(Double(mseLoss(inner(left), inner(right)).item))
}
