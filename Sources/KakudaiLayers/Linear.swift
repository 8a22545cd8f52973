public import KakudaiTensors

/// `y = x·Aᵀ + b`, PyTorch's `nn.Linear`: `(…, inFeatures) → (…, outFeatures)`; the weight A is `(outFeatures, inFeatures)`.
public struct Linear: Module {
  public var weight: Tensor
  public var bias: Tensor?

  public init(inFeatures: Int, outFeatures: Int, bias: Bool = true) {
    guard inFeatures > 0 && outFeatures > 0 else {
      fatalError("Linear: needs features, but has \(inFeatures) and \(outFeatures)")
    }
    weight = .initial([outFeatures, inFeatures], fanIn: inFeatures)
    self.bias = bias ? .initial([outFeatures], fanIn: inFeatures) : nil
  }

  public func callAsFunction(_ input: Tensor) -> Tensor {
    let product = matmul(input, weight.transposed(0, 1))
    return bias.map { product + $0 } ?? product
  }

  public mutating func visitParameters(_ visitor: inout some ParameterVisitor) {
    visitor.visit("weight", &weight)
    visitor.visit("bias", &bias)
  }

  public var printedAttributes: String {
    "in_features=\(weight.shape[1]), out_features=\(weight.shape[0]), bias=\(printed(bias != nil))"
  }
}
