import KakudaiTensors
import TestSupport
import Testing

/// Gradients by Winograd's algorithm, wherever they can be, on every instruction set.
struct WinogradGradientTests {
  static let cases = WinogradTests.cases.filter { $0.algorithm == .winograd }

  private func gradients(_ testCase: WinogradTests.Case, _ operands: [Tensor], cotangent: Tensor) throws -> [Tensor] {
    let operation = try testCase.operation
    return valueAndGradient(of: operands) { Projection(cotangent: cotangent)(operation.apply(to: $0)) }
      .gradient
  }

  /// The bound is 2e-6 of the largest Σ|x||y|, for a weight among the weights of its pair of channels, for the input among its
  /// plane. Only the input gradients of strided transposed convolutions: the others are computed as `WinogradTests` computes.
  @Test(arguments: cases) func `the errors stay within the bound`(_ testCase: WinogradTests.Case) throws {
    let operands = testCase.operands
    let shape = try testCase.operation.outputShape(of: operands.map(\.shape))
    let cotangent = Tensor.random(shape, seed: 4)
    let reference = testCase.reference
    let (fine, coarse) = testCase.isTransposed ? (cotangent, operands[0]) : (operands[0], cotangent)
    let expected = [
      testCase.isTransposed
        ? reference.coarse(fine: cotangent, weight: operands[1], bias: nil, shape: testCase.input)
        : reference.fine(coarse: cotangent, weight: operands[1], bias: nil, shape: testCase.input),
      reference.weightGradient(fine: fine, coarse: coarse, shape: testCase.weightShape),
    ]
    try withEveryKernelTable { kernels in
      let found = try ConvolutionAlgorithm.$forced.withValue(.winograd) {
        try gradients(testCase, operands, cotangent: cotangent)
      }
      for (gradient, expected) in zip(found, expected) {
        let plane = gradient.shape[2] * gradient.shape[3]
        var worst = 0.0
        for (index, element) in gradient.elements.enumerated() {
          let start = index / plane * plane
          let largest = expected.magnitudes[start..<start + plane].max()!
          let error = abs(Double(element) - expected.values[index])
          worst = max(worst, largest == 0 ? error : error / largest)
        }
        #expect(worst <= 2e-6, "\(kernels.name), \(gradient.shape): \(worst) of the largest sum of magnitudes")
      }
    }
  }

  @Test func `chunks, groups and threads change no bit, and the algorithm is used`() throws {
    for (kernel, stride) in [(3, 1), (4, 2), (3, 2)] {
      let testCase = WinogradTests.Case(
        isTransposed: true, input: [3, 40, 13, 70], outChannels: 36, kernel: kernel, stride: stride, groups: 2)
      let shape = try testCase.operation.outputShape(of: testCase.operands.map(\.shape))
      let cotangent = Tensor.random(shape, seed: 4)
      func run(_ algorithm: ConvolutionAlgorithm?, threads: Int) throws -> [[Float]] {
        try ConvolutionAlgorithm.$forced.withValue(algorithm) {
          try withThreadCount(threads) {
            try gradients(testCase, testCase.operands, cotangent: cotangent).map(\.elements)
          }
        }
      }
      try withEveryKernelTable { kernels in
        let one = try run(.winograd, threads: 1)
        #expect(try run(.winograd, threads: 3) == one, "\(kernels.name), kernel \(kernel)")
        let direct = try run(.direct, threads: 1)
        #expect(one[1] != direct[1], "\(kernels.name), kernel \(kernel): computed directly")
        #expect(one[0] != direct[0], "\(kernels.name), kernel \(kernel): the input's computed directly")
      }
    }
  }

  @Test(arguments: [Float.nan, .infinity, -.infinity, 3e38])
  func `what is not finite is where the direct algorithm has it`(_ extreme: Float) throws {
    for (kernel, stride) in [(3, 1), (4, 2), (3, 2)] {
      let testCase = WinogradTests.Case(
        isTransposed: true, input: [2, 5, 22, 75], outChannels: 7, kernel: kernel, stride: stride, padding: 0)
      var operands = testCase.operands
      let shape = try testCase.operation.outputShape(of: operands.map(\.shape))
      for isInput in [true, false] {
        var cotangent = Tensor.random(shape, seed: 4)
        operands = testCase.operands
        if isInput {
          operands[0].withUnsafeMutableBufferPointer { $0[22 * 75 * 3 + 31] = extreme }
        } else {
          cotangent.withUnsafeMutableBufferPointer { $0[0] = extreme }
        }
        func run(_ algorithm: ConvolutionAlgorithm) throws -> [Tensor] {
          try ConvolutionAlgorithm.$forced.withValue(algorithm) {
            try gradients(testCase, operands, cotangent: cotangent)
          }
        }
        try withEveryKernelTable { kernels in
          for (ours, theirs) in zip(try run(.winograd), try run(.direct)) {
            let wrong = zip(ours.elements, theirs.elements).count { ours, theirs in
              !(ours.isFinite && theirs.isFinite || ours.isNaN && theirs.isNaN || ours == theirs)
            }
            #expect(wrong == 0, "\(kernels.name), kernel \(kernel), \(extreme), \(ours.shape): \(wrong) elements")
          }
        }
      }
    }
  }
}
