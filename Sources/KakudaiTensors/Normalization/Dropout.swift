/// Zeroes each element with `probability` and scales the others by 1 / (1 − probability), PyTorch's `F.dropout` in training.
///
/// The elements are drawn from the random source of the task (`withRandomSeed`).
public func dropout(_ x: Tensor, probability: Float) -> Tensor {
  x * dropoutMask(x.shape, probability: probability)
}

/// Zeroes whole channels of `(N, C, H, W)` or `(C, H, W)`, PyTorch's `F.dropout2d` in training.
public func dropout2d(_ x: Tensor, probability: Float) -> Tensor {
  guard x.rank == 3 || x.rank == 4 else {
    fatalError("dropout2d: the input must be (N, C, H, W) or (C, H, W), but is \(x.shape)")
  }
  return x * dropoutMask(Shape(x.shape.dimensions.dropLast(2) + [1, 1]), probability: probability)
}

private func dropoutMask(_ shape: Shape, probability: Float) -> Tensor {
  guard probability >= 0 && probability <= 1 else {
    fatalError("dropout: the probability must be from 0 to 1, but is \(probability)")
  }
  let kept = probability == 1 ? 0 : 1 / (1 - probability)
  return Tensor(Tensor.uniform(shape).elements.map { $0 < probability ? 0 : kept }, shape: shape)
}
