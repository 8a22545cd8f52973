import KakudaiTensors
import TestSupport
import Testing

/// Winograd's algorithm, and lines that overlap, by several threads, on every instruction set.
struct WinogradThreadTests {
  @Test(
    arguments: [ConvolutionAlgorithm.winograd, .winogradRows, .winogradChannels, .winogradSmallTiles, .overlapAdd],
    [5, 13, 16])
  func `neither threads nor neighbours in a batch change a bit`(_ algorithm: ConvolutionAlgorithm, batch: Int) {
    let kernel = algorithm == .winogradSmallTiles ? 4 : 6
    let input = Tensor.random([batch, 16, 9, 11], seed: 1)
    let weight = Tensor.random([16, 80, kernel, kernel], seed: 2)
    withEveryKernelTable { kernels in
      ConvolutionAlgorithm.$forced.withValue(algorithm) {
        func run(_ input: Tensor) -> Tensor { convTranspose2d(input, weight, stride: 2, padding: 2) }
        let one = withThreadCount(1) { run(input) }
        let direct = ConvolutionAlgorithm.$forced.withValue(.direct) { run(input) }
        #expect(one != direct, "\(kernels.name): computed directly")
        for threads in [2, 3, 7] { #expect(withThreadCount(threads) { run(input) } == one, "\(kernels.name)") }
        for image in 0..<batch {
          #expect(run(input.sliced(0, image..<image + 1)) == one.sliced(0, image..<image + 1), "\(kernels.name)")
        }
      }
    }
  }

  /// Tiles of transposed layers begin between two groups of phases: what is computed directly must leave the neighbours alone,
  /// which other threads compute at any time.
  @Test(
    arguments: [ConvolutionAlgorithm.winograd, .winogradRows, .winogradChannels, .winogradSmallTiles, .overlapAdd],
    [(4, 1, 1), (8, 1, 0)])
  func `no thread changes a bit beside infinity`(
    _ algorithm: ConvolutionAlgorithm, _ geometry: (kernel: Int, padding: Int, outputPadding: Int)
  ) {
    guard algorithm != .winogradSmallTiles || geometry.kernel == 4 else { return }
    var input = Tensor.random([16, 9, 30], seed: 1)
    input.withUnsafeMutableBufferPointer { for part in 2...9 { $0[$0.count / part] = .infinity } }
    let weight = Tensor.random([16, 32, geometry.kernel, geometry.kernel], seed: 2)
    withEveryKernelTable { kernels in
      ConvolutionAlgorithm.$forced.withValue(algorithm) {
        func bits(_ threads: Int) -> [UInt32] {
          withThreadCount(threads) {
            convTranspose2d(
              input, weight, stride: PerAxis(geometry.kernel / 2), padding: PerAxis(geometry.padding),
              outputPadding: PerAxis(geometry.outputPadding)
            ).bits
          }
        }
        let one = bits(1)
        for threads in [2, 5, 16, 64] { #expect(bits(threads) == one, "\(kernels.name), \(threads) threads") }
      }
    }
  }

  /// 126 and 250 columns are 32 and 63 tiles, 16 rows 3 or 4: one row of tiles at a time, and parts of rows for more threads.
  @Test(arguments: [ConvolutionAlgorithm.winograd, .winogradRows], [126, 250])
  func `threads share rows of tiles without changing a bit`(_ algorithm: ConvolutionAlgorithm, width: Int) {
    let input = Tensor.random([2, 8, 16, width], seed: 1)
    let weight = Tensor.random([9, 8, 3, 3], seed: 2)
    withEveryKernelTable { kernels in
      ConvolutionAlgorithm.$forced.withValue(algorithm) {
        func run() -> Tensor { conv2d(input, weight, padding: 1) }
        let one = withThreadCount(1) { run() }
        let direct = ConvolutionAlgorithm.$forced.withValue(.direct) { run() }
        #expect(one != direct, "\(kernels.name): computed directly")
        #expect(zip(one.elements, direct.elements).allSatisfy { abs($0 - $1) < 1e-4 }, "\(kernels.name)")
        for threads in [2, 3, 7] { #expect(withThreadCount(threads) { run() } == one, "\(kernels.name)") }
      }
    }
  }
}
