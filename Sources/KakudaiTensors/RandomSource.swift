import Synchronization

/// Where initial weights, dropout and random tensors come from unless they are given a generator.
///
/// The first source has a fixed seed: a program that says nothing about randomness gives the same bytes every time.
package final class RandomSource: Sendable {
  @TaskLocal package static var current = RandomSource(seed: 0)

  private let generator: Mutex<RandomGenerator>

  package init(seed: UInt64) { generator = Mutex(RandomGenerator(seed: seed)) }

  /// Draws with nobody else drawing in between.
  package func withGenerator<Result: Sendable>(_ body: (inout sending RandomGenerator) -> sending Result) -> Result {
    generator.withLock(body)
  }
}

/// Runs `body` with random numbers of its own, which `seed` determines.
public func withRandomSeed<Result>(_ seed: UInt64, _ body: () throws -> Result) rethrows -> Result {
  try RandomSource.$current.withValue(RandomSource(seed: seed), operation: body)
}

extension Tensor {
  /// Elements drawn uniformly from `range`.
  public static func uniform(_ shape: Shape, in range: Range<Float> = 0..<1) -> Tensor {
    filled(shape) { range.lowerBound + (range.upperBound - range.lowerBound) * $0.nextUniform() }
  }

  /// Elements drawn from a normal distribution.
  public static func normal(_ shape: Shape, mean: Float = 0, standardDeviation: Float = 1) -> Tensor {
    filled(shape) { mean + standardDeviation * $0.nextNormal() }
  }

  private static func filled(_ shape: Shape, _ draw: @Sendable (inout RandomGenerator) -> Float) -> Tensor {
    let elements = RandomSource.current.withGenerator { generator in
      var elements: [Float] = []
      elements.reserveCapacity(shape.elementCount)
      for _ in 0..<shape.elementCount { elements.append(draw(&generator)) }
      return elements
    }
    return Tensor(elements, shape: shape)
  }
}
