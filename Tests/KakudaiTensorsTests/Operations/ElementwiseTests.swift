import KakudaiTensors
import KakudaiWeights
import TestSupport
import Testing

/// Functions of single elements and of pairs: PyTorch's values and gradients, and what shapes are refused.
struct ElementwiseTests {
  static func function(_ golden: GoldenCase) -> ([Tensor]) -> Tensor {
    switch golden.string("op") {
    case "exp": { exp($0[0]) }
    case "log": { log($0[0]) }
    case "sqrt": { sqrt($0[0]) }
    case "abs": { abs($0[0]) }
    case "power": { power($0[0], golden.float("exponent")) }
    case "clamp":
      {
        clamp(
          $0[0], minimum: golden.attributes["minimum"] == nil ? -.infinity : golden.float("minimum"),
          maximum: golden.attributes["maximum"] == nil ? .infinity : golden.float("maximum"))
      }
    case "add": { $0[0] + $0[1] }
    case "subtract": { $0[0] - $0[1] }
    case "multiply": { $0[0] * $0[1] }
    case "divide": { $0[0] / $0[1] }
    case "relu": { relu($0[0]) }
    case "leakyReLU": { leakyReLU($0[0], negativeSlope: golden.float("negativeSlope")) }
    case "prelu": { prelu($0[0], $0[1]) }
    case "silu": { silu($0[0]) }
    case "gelu": { gelu($0[0], approximation: GELUApproximation(rawValue: golden.string("approximate"))!) }
    case "sigmoid": { sigmoid($0[0]) }
    case "tanh": { tanh($0[0]) }
    case "softmax": { softmax($0[0], axis: golden.integer("axis")) }
    case "logSoftmax": { logSoftmax($0[0], axis: golden.integer("axis")) }
    default: fatalError("no function for \(golden.string("op"))")
    }
  }

  @Test(arguments: GoldenCase.all("elementwise")) func `values and gradients are PyTorch's`(_ golden: GoldenCase) {
    golden.expect(
      of: ["input", "left", "right"].filter(golden.has), units: 16, magnitude: golden.isSpecial ? 0 : 1,
      Self.function(golden))
  }

  // Activations are bounded by their range, not relatively: PyTorch loses the digits of 1 − y in the tails, ours do not.
  @Test(arguments: GoldenCase.all("activations")) func `activations are PyTorch's`(_ golden: GoldenCase) {
    golden.expect(of: ["input", "weight"].filter(golden.has), units: 16, magnitude: 1, Self.function(golden))
  }

  @Test func `numbers stand on either side of an operator`() {
    let x = Tensor([1, 2, 4])
    #expect(x + 1 == Tensor([2, 3, 5]) && 1 + x == Tensor([2, 3, 5]))
    #expect(x - 1 == Tensor([0, 1, 3]) && 1 - x == Tensor([0, -1, -3]))
    #expect(x * 3 == Tensor([3, 6, 12]) && 3 * x == Tensor([3, 6, 12]))
    #expect(x / 2 == Tensor([0.5, 1, 2]) && 2 / x == Tensor([2, 1, 0.5]))
    #expect(-x == Tensor([-1, -2, -4]))
  }

  @Test func `a stretched operand gets the sum of its gradients`() {
    expectGradients(at: [.random([2, 3, 4]), .random([3, 1], seed: 2)]) { $0[0] * $0[1] + $0[1] / ($0[0] * $0[0] + 1) }
  }

  @Test func `shapes that do not fit are named`() async {
    let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      _ = Tensor.zeros([2, 3]) + Tensor.zeros([2, 4])
    }
    #expect(message(of: result).contains("add: the shapes (2, 3) and (2, 4) do not fit: 3 and 4 along axis -1"))
  }

  @Test func `large tensors are the same for any number of threads`() {
    let x = Tensor.random([3, 401, 257])
    let one = withThreadCount(1) { gelu(x) * x + Tensor([1, 2, 3], shape: [3, 1, 1]) }
    #expect(withThreadCount(3) { gelu(x) * x + Tensor([1, 2, 3], shape: [3, 1, 1]) } == one)
  }
}
