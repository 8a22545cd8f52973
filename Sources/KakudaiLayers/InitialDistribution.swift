import KakudaiTensors

extension Tensor {
  /// PyTorch's initial weights and biases: uniform within ±1/√fanIn (He et al. 2015, with a = √5).
  ///
  /// - Parameter fanIn: Weights that PyTorch counts as summed for one output.
  static func initial(_ shape: Shape, fanIn: Int) -> Tensor {
    let bound = (1 / Float(max(1, fanIn))).squareRoot()
    return .uniform(shape, in: -bound..<bound)
  }
}
