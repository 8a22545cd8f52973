import KakudaiTensors
import TestSupport
import Testing

#if canImport(Glibc)
import Glibc
#elseif canImport(Darwin)
import Darwin
#endif

/// Where outputs are as large as memory.
struct ConvolutionMemoryTests {
  #if canImport(Glibc)
  /// Pages that the kernel had to hand to this thread.
  private static var pageFaults: Int {
    var usage = rusage()
    // RUSAGE_THREAD, which Glibc's module leaves out.
    getrusage(__rusage_who_t(1), &usage)
    return usage.ru_minflt
  }

  @Test func `an output of 134 MB takes its pages once`() {
    let (input, weight) = (Tensor.zeros([1, 3, 512, 512]), Tensor.zeros([3, 32, 4, 4]))
    func compute() {
      let output = withThreadCount(1) { convTranspose2d(input, weight, stride: 2, padding: 1) }
      #expect(output.storage.count == 33_554_432)
    }
    compute()
    let before = Self.pageFaults
    compute()
    // The output alone has 32,768 pages.
    #expect(Self.pageFaults - before < 1000)
  }
  #endif

  /// Set to run what needs 9 GB.
  static let hasMuchMemory = getenv("KAKUDAI_TEST_LARGE") != nil

  @Test(.enabled(if: hasMuchMemory, "needs 9 GB; set KAKUDAI_TEST_LARGE"))
  func `an output of more than 2³¹ elements is right at its end`() {
    let (height, width) = (8192, 4097)
    let input = Tensor(shape: [1, 1, height, width]) { pixels in
      pixels.initialize(repeating: 0)
      for x in 0..<width { pixels[(height - 1) * width + x] = Float(x % 251) }
    }
    let weight = Tensor((0..<64).map(Float.init), shape: [1, 1, 8, 8])
    let output = convTranspose2d(input, weight, Tensor([0.5]), stride: 8)
    #expect(output.shape == [1, 1, 65_536, 32_776] && output.storage.count > 1 << 31)
    output.withUnsafeBufferPointer { pixels in
      let last = pixels.count - 32_776
      let isRight = (0..<32_776).allSatisfy { x in
        let product = Float(x / 8 % 251) * Float(56 + x % 8)
        return pixels[last + x] == product + 0.5
      }
      #expect(isRight)
      #expect(pixels[last - 9 * 32_776..<last - 8 * 32_776].allSatisfy { $0 == 0.5 })
    }
  }
}
