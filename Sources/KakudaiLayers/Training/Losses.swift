public import KakudaiTensors

/// What becomes of the loss of each element.
public enum LossReduction: String, Hashable, Sendable {
  case mean
  case sum
  /// Each element keeps its own.
  case none

  func callAsFunction(_ losses: Tensor) -> Tensor {
    switch self {
    case .mean: losses.mean()
    case .sum: losses.sum()
    case .none: losses
    }
  }
}

/// |x − y|; shapes equal, any (PyTorch's `F.l1_loss`).
public func l1Loss(_ prediction: Tensor, _ target: Tensor, reduction: LossReduction = .mean) -> Tensor {
  reduction(abs(difference(prediction, target, "l1Loss")))
}

/// (x − y)²; shapes equal, any (PyTorch's `F.mse_loss`).
public func mseLoss(_ prediction: Tensor, _ target: Tensor, reduction: LossReduction = .mean) -> Tensor {
  reduction(power(difference(prediction, target, "mseLoss"), 2))
}

/// √((x − y)² + ε²): |x − y| made smooth at 0 (Charbonnier et al., 1994); shapes equal, any.
public func charbonnierLoss(
  _ prediction: Tensor, _ target: Tensor, epsilon: Float = 1e-3, reduction: LossReduction = .mean
) -> Tensor {
  reduction(sqrt(power(difference(prediction, target, "charbonnierLoss"), 2) + epsilon * epsilon))
}

/// Minus the peak signal-to-noise ratio in dB of pictures in 0…1, `10·log₁₀(mean (x − y)² + ε)`, its mean over the batch: what is
/// nearly right counts as much as what is far off, where `mseLoss` sees little but the latter; `(N, C, H, W)` each (Chen et al.,
/// "Simple Baselines for Image Restoration", 2022).
///
/// - Parameter epsilon: Keeps pictures that are right to `-10·log₁₀ ε` dB and better from outweighing all others.
public func psnrLoss(_ prediction: Tensor, _ target: Tensor, epsilon: Float = 1e-5) -> Tensor {
  let errors = power(difference(prediction, target, "psnrLoss"), 2).mean(axes: [1, 2, 3])
  return log(errors + epsilon).mean() * 4.342_944_8  // 10 / ln 10
}

/// d² / (2·`beta`) where d = |x − y| is below `beta`, d − `beta` / 2 elsewhere; shapes equal, any (PyTorch's
/// `F.smooth_l1_loss`).
public func smoothL1Loss(
  _ prediction: Tensor, _ target: Tensor, beta: Float = 1, reduction: LossReduction = .mean
) -> Tensor {
  guard beta > 0 else { fatalError("smoothL1Loss: beta must be positive, but is \(beta)") }
  let distance = abs(difference(prediction, target, "smoothL1Loss"))
  // The part of the distance that counts squared; its derivative vanishes beyond beta.
  let near = clamp(distance, maximum: beta)
  return reduction(near * (distance - near * 0.5) * (1 / beta))
}

/// −y·log σ(x) − (1 − y)·log(1 − σ(x)), σ the logistic function, for targets y in 0…1; shapes equal, any (PyTorch's
/// `F.binary_cross_entropy_with_logits`).
public func binaryCrossEntropyWithLogits(
  _ logits: Tensor, _ target: Tensor, reduction: LossReduction = .mean
) -> Tensor {
  checkShapes(logits, target, "binaryCrossEntropyWithLogits")
  return reduction((1 - target) * logits + softplus(-logits))
}

private func difference(_ prediction: Tensor, _ target: Tensor, _ loss: String) -> Tensor {
  checkShapes(prediction, target, loss)
  return prediction - target
}

/// Shapes that would be stretched are nearly always a mistake here.
private func checkShapes(_ prediction: Tensor, _ target: Tensor, _ loss: String) {
  guard prediction.shape == target.shape else {
    fatalError("\(loss): the prediction is \(prediction.shape), but the target \(target.shape)")
  }
}
