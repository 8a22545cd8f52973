public import KakudaiTensors

/// −log of the probability that `logits` give to the right class, their softmax being taken over axis 1.
///
/// Shapes `(N, C)` or `(N, C, d₁, …)`; one class for each of the other elements, row-major, in `0..<C` (PyTorch's
/// `F.cross_entropy`). Stops where a class is missing or impossible.
public func crossEntropy(_ logits: Tensor, classes: [Int], reduction: LossReduction = .mean) -> Tensor {
  reduction(NegativeChoice(classes: classes)(logSoftmax(logits, axis: 1)))
}

/// −x at the chosen index of axis 1: `(N, C, d₁, …) → (N, d₁, …)`.
private struct NegativeChoice: Operation {
  static let name = "crossEntropy"
  let classes: [Int]

  func outputShape(of inputs: [Shape]) throws(ShapeError) -> Shape {
    let input = inputs[0]
    guard input.rank >= 2 else { throw ShapeError(Self.name, "the logits must be (N, C, …), but are \(input)") }
    let output = Shape([input[0]] + input.dimensions.dropFirst(2))
    guard classes.count == output.elementCount else {
      throw ShapeError(Self.name, "logits \(input) need \(output.elementCount) classes, but there are \(classes.count)")
    }
    if let wrong = classes.first(where: { $0 < 0 || $0 >= input[1] }) {
      throw ShapeError(Self.name, "class \(wrong) is not one of the \(input[1]) that logits \(input) have")
    }
    return output
  }

  func value(of inputs: [Tensor], shape: Shape) -> Tensor {
    let positions = positions(inputs[0].shape)
    return inputs[0].withUnsafeBufferPointer { input in Tensor(positions.map { -input[$0] }, shape: shape) }
  }

  func gradients(_ context: GradientContext) -> [Tensor?] {
    var gradient = Tensor.zeros(context.inputs[0].shape)
    let positions = positions(gradient.shape)
    gradient.withUnsafeMutableBufferPointer { gradient in
      context.cotangent.withUnsafeBufferPointer { cotangent in
        for (index, position) in positions.enumerated() { gradient[position] = -cotangent[index] }
      }
    }
    return [gradient]
  }

  private func positions(_ input: Shape) -> [Int] {
    let inner = input.dimensions.dropFirst(2).reduce(1, *)
    return classes.indices.map { index in
      (index / inner * input[1] + classes[index]) * inner + index % inner
    }
  }
}
