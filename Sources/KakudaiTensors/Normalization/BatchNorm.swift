/// Normalises each channel by its mean and variance over the batch, PyTorch's `F.batch_norm` in training.
///
/// `y = (x − mean) / √(variance + ε) · weight + bias`; shapes `(N, C, …)`, `weight` and `bias` `(C)` (Ioffe and Szegedy, 2015).
public func batchNorm(_ x: Tensor, weight: Tensor? = nil, bias: Tensor? = nil, epsilon: Float = 1e-5) -> Tensor {
  normalized(x, .batch, weight: weight, bias: bias, epsilon: epsilon)
}

/// Normalises each channel by the running statistics of training, PyTorch's `F.batch_norm` in evaluation.
public func batchNorm(
  _ x: Tensor, runningMean: Tensor, runningVariance: Tensor, weight: Tensor? = nil, bias: Tensor? = nil,
  epsilon: Float = 1e-5
) -> Tensor {
  let channels = x.rank > 1 ? x.shape[1] : 0
  for (name, tensor) in [("running mean", runningMean), ("running variance", runningVariance)] {
    guard tensor.shape == [channels] else {
      fatalError("batchNorm: the \(name) must be (\(channels)) for input \(x.shape), but is \(tensor.shape)")
    }
  }
  func perChannel(_ tensor: Tensor) -> Tensor {
    tensor.reshaped(to: [-1] + Array(repeating: 1, count: x.rank - 2))
  }
  let scale = (weight ?? .ones([channels])) / sqrt(runningVariance + epsilon)
  let centered = (x - perChannel(runningMean)) * perChannel(scale)
  return bias.map { centered + perChannel($0) } ?? centered
}

/// Normalises each channel of each picture, PyTorch's `F.instance_norm`; shapes `(N, C, …)` (Ulyanov et al., 2016).
public func instanceNorm(_ x: Tensor, weight: Tensor? = nil, bias: Tensor? = nil, epsilon: Float = 1e-5) -> Tensor {
  normalized(x, .instance, weight: weight, bias: bias, epsilon: epsilon)
}

/// Normalises groups of channels of each picture, PyTorch's `F.group_norm`; shapes `(N, C, …)` (Wu and He, 2018).
public func groupNorm(
  _ x: Tensor, groups: Int, weight: Tensor? = nil, bias: Tensor? = nil, epsilon: Float = 1e-5
) -> Tensor {
  normalized(x, .groups(groups), weight: weight, bias: bias, epsilon: epsilon)
}

private func normalized(
  _ x: Tensor, _ groups: NormalizationGroups, weight: Tensor?, bias: Tensor?, epsilon: Float
) -> Tensor {
  let normalization = Normalization(groups: groups, epsilon: epsilon)
  switch (weight, bias) {
  case (nil, nil): return normalization(x)
  case (let weight?, let bias?): return normalization(x, weight, bias)
  case (let weight, let bias):
    let channels: Shape = [x.rank > 1 ? x.shape[1] : 0]
    return normalization(x, weight ?? .ones(channels), bias ?? .zeros(channels))
  }
}

extension Tensor {
  /// The mean and the unbiased variance of each channel of `(N, C, …)`: what running statistics follow; not recorded.
  package var channelStatistics: (mean: Tensor, variance: Tensor) {
    let layout = Layout(shape, .batch)
    let statistics = layout.statistics(unrecorded)
    let correction = Double(layout.groupSize) / Double(max(1, layout.groupSize - 1))
    return (
      Tensor(statistics.map { Float($0.mean) }), Tensor(statistics.map { Float($0.variance * correction) })
    )
  }
}
