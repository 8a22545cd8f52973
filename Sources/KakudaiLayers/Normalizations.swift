public import KakudaiTensors

/// Normalises each channel over the batch, PyTorch's `nn.BatchNorm2d`: `(N, C, H, W)`.
///
/// In training it uses the statistics of the batch and, inside `valueAndGradient(of:)`, moves its running ones towards them
/// (the optimiser's update takes them over); otherwise it uses the running ones. It begins in training: call
/// `setTraining(false)` before evaluating.
public struct BatchNorm2d: Module {
  public var weight: Tensor?
  public var bias: Tensor?
  public var runningMean: Tensor
  public var runningVariance: Tensor
  /// Training steps taken; a tensor because PyTorch saves it.
  public var batchesTracked: Tensor
  public var isTraining = true
  public let epsilon: Float
  /// How much of the batch's statistics the running ones take.
  public let momentum: Float

  public init(_ channels: Int, epsilon: Float = 1e-5, momentum: Float = 0.1, affine: Bool = true) {
    guard channels > 0 else { fatalError("BatchNorm2d: needs channels, but has \(channels)") }
    weight = affine ? .ones([channels]) : nil
    bias = affine ? .zeros([channels]) : nil
    runningMean = .zeros([channels])
    runningVariance = .ones([channels])
    batchesTracked = Tensor(0)
    (self.epsilon, self.momentum) = (epsilon, momentum)
  }

  public func callAsFunction(_ input: Tensor) -> Tensor {
    guard isTraining else {
      return batchNorm(
        input, runningMean: runningMean, runningVariance: runningVariance, weight: weight, bias: bias, epsilon: epsilon)
    }
    let output = batchNorm(input, weight: weight, bias: bias, epsilon: epsilon)
    let batch = input.channelStatistics
    runningMean.becomes((1 - momentum) * runningMean.unrecorded + momentum * batch.mean)
    runningVariance.becomes((1 - momentum) * runningVariance.unrecorded + momentum * batch.variance)
    batchesTracked.becomes(batchesTracked.unrecorded + 1)
    return output
  }

  public mutating func visitParameters(_ visitor: inout some ParameterVisitor) {
    visitor.visit("weight", &weight)
    visitor.visit("bias", &bias)
    visitor.visit("running_mean", &runningMean, role: .buffer)
    visitor.visit("running_var", &runningVariance, role: .buffer)
    visitor.visit("num_batches_tracked", &batchesTracked, role: .buffer)
    visitor.visit(isTraining: &isTraining)
  }

  public var printedAttributes: String {
    let affine = printed(weight != nil)
    return
      "\(runningMean.shape[0]), eps=\(epsilon), momentum=\(momentum), affine=\(affine), bias=\(affine), track_running_stats=True"
  }
}

/// Normalises each channel of each picture, PyTorch's `nn.InstanceNorm2d`: `(N, C, H, W)` or `(C, H, W)`.
public struct InstanceNorm2d: Module {
  public var weight: Tensor?
  public var bias: Tensor?
  public let channels: Int
  public let epsilon: Float

  public init(_ channels: Int, epsilon: Float = 1e-5, affine: Bool = false) {
    guard channels > 0 else { fatalError("InstanceNorm2d: needs channels, but has \(channels)") }
    (self.channels, self.epsilon) = (channels, epsilon)
    weight = affine ? .ones([channels]) : nil
    bias = affine ? .zeros([channels]) : nil
  }

  public func callAsFunction(_ input: Tensor) -> Tensor {
    guard input.rank != 3 else {
      return self(input.reshaped(to: [1] + input.shape.dimensions)).reshaped(to: input.shape.dimensions)
    }
    guard input.rank == 4 && input.shape[1] == channels else {
      fatalError("InstanceNorm2d: the input must be (N, \(channels), H, W), but is \(input.shape)")
    }
    return instanceNorm(input, weight: weight, bias: bias, epsilon: epsilon)
  }

  public mutating func visitParameters(_ visitor: inout some ParameterVisitor) {
    visitor.visit("weight", &weight)
    visitor.visit("bias", &bias)
  }

  public var printedAttributes: String {
    let affine = printed(weight != nil)
    return "\(channels), eps=\(epsilon), momentum=0.1, affine=\(affine), bias=\(affine), track_running_stats=False"
  }
}

/// Normalises groups of channels of each picture, PyTorch's `nn.GroupNorm`: `(N, C, …)`.
public struct GroupNorm: Module {
  public var weight: Tensor?
  public var bias: Tensor?
  public let groups: Int
  public let channels: Int
  public let epsilon: Float

  public init(groups: Int, channels: Int, epsilon: Float = 1e-5, affine: Bool = true) {
    guard groups > 0 && channels > 0 && channels % groups == 0 else {
      fatalError("GroupNorm: \(channels) channels do not divide into \(groups) groups")
    }
    (self.groups, self.channels, self.epsilon) = (groups, channels, epsilon)
    weight = affine ? .ones([channels]) : nil
    bias = affine ? .zeros([channels]) : nil
  }

  public func callAsFunction(_ input: Tensor) -> Tensor {
    groupNorm(input, groups: groups, weight: weight, bias: bias, epsilon: epsilon)
  }

  public mutating func visitParameters(_ visitor: inout some ParameterVisitor) {
    visitor.visit("weight", &weight)
    visitor.visit("bias", &bias)
  }

  public var printedAttributes: String {
    "\(groups), \(channels), eps=\(epsilon), affine=\(printed(weight != nil)), bias=\(printed(bias != nil))"
  }
}
