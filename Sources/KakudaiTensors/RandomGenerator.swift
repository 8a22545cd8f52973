/// Random numbers that are the same on every platform: xoshiro256** (Blackman and Vigna, 2018), seeded by SplitMix64.
public struct RandomGenerator: RandomNumberGenerator, Sendable {
  private var state: (UInt64, UInt64, UInt64, UInt64)

  public init(seed: UInt64) {
    var mixed = seed
    func splitMix() -> UInt64 {
      mixed &+= 0x9E37_79B9_7F4A_7C15
      var z = mixed
      z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
      z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
      return z ^ (z >> 31)
    }
    state = (splitMix(), splitMix(), splitMix(), splitMix())
  }

  public mutating func next() -> UInt64 {
    func rotated(_ value: UInt64, by count: UInt64) -> UInt64 { (value << count) | (value >> (64 - count)) }
    let result = rotated(state.1 &* 5, by: 7) &* 9
    let shifted = state.1 << 17
    state.2 ^= state.0
    state.3 ^= state.1
    state.1 ^= state.2
    state.0 ^= state.3
    state.2 ^= shifted
    state.3 = rotated(state.3, by: 45)
    return result
  }

  /// Uniform in 0 ≤ x < 1, a multiple of 2⁻²⁴.
  public mutating func nextUniform() -> Float { Float(next() >> 40) * 0x1p-24 }

  /// Normal with mean 0 and standard deviation 1: the inverse of the distribution function, at a uniform in 0 < x < 1.
  public mutating func nextNormal() -> Float {
    Float(normalQuantile((Double(next() >> 12) + 0.5) * 0x1p-52))
  }

  /// Uniform in `0..<bound`.
  public mutating func nextIndex(below bound: Int) -> Int { Int(next(upperBound: UInt64(bound))) }
}
