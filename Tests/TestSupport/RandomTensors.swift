package import KakudaiTensors

extension Tensor {
  /// Normal elements that `seed` determines.
  package static func random(_ shape: Shape, seed: UInt64 = 1) -> Tensor {
    var generator = RandomGenerator(seed: seed)
    return Tensor((0..<shape.elementCount).map { _ in generator.nextNormal() }, shape: shape)
  }
}
