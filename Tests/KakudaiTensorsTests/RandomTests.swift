import KakudaiTensors
import Testing

struct RandomTests {
  @Test func `the generator gives the published numbers of its seed on every platform`() {
    // xoshiro256** after SplitMix64(0), as the authors' C program prints them.
    var generator = RandomGenerator(seed: 0)
    #expect(generator.next() == 0x99EC_5F36_CB75_F2B4)
    #expect(generator.next() == 0xBF6E_1F78_4956_452A)
  }

  @Test func `quantiles of the normal distribution are those of tables`() {
    let table: [(Double, Double)] = [
      (0.5, 0), (0.975, 1.959963984540054), (0.001, -3.090232306167813), (1e-10, -6.361340902404056),
      (0.8413447460685429, 1),
    ]
    for (probability, quantile) in table {
      #expect(abs(normalQuantile(probability) - quantile) < 1e-13, "\(probability)")
    }
  }

  @Test func `normal numbers have mean 0 and variance 1`() {
    let elements = withRandomSeed(3) { Tensor.normal([100_000]).elements }
    let mean = elements.reduce(0, +) / 100_000
    let variance = elements.reduce(0) { $0 + $1 * $1 } / 100_000
    #expect(abs(mean) < 0.015 && abs(variance - 1) < 0.02)
  }

  @Test func `a seed gives the same numbers again, another seed others`() {
    let first = withRandomSeed(5) { Tensor.uniform([16]) }
    #expect(withRandomSeed(5) { Tensor.uniform([16]) } == first)
    #expect(withRandomSeed(6) { Tensor.uniform([16]) } != first)
  }
}
