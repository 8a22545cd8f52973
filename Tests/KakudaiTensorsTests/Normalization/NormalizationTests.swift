import KakudaiTensors
import KakudaiWeights
import TestSupport
import Testing

struct NormalizationTests {
  @Test(arguments: GoldenCase.all("normalization")) func `values and gradients are PyTorch's`(_ golden: GoldenCase) {
    let affine = golden.bool("affine")
    golden.expect(of: ["input"] + (affine ? ["weight", "bias"] : []), units: 64, magnitude: 4) { inputs in
      let (weight, bias) = (affine ? inputs[1] : nil, affine ? inputs[2] : nil)
      let epsilon = golden.float("epsilon")
      switch golden.string("op") {
      case "instanceNorm":
        let x = inputs[0].rank == 3 ? inputs[0].reshaped(to: [1] + inputs[0].shape.dimensions) : inputs[0]
        return instanceNorm(x, weight: weight, bias: bias, epsilon: epsilon).reshaped(to: inputs[0].shape.dimensions)
      case "groupNorm":
        return groupNorm(inputs[0], groups: golden.integer("groups"), weight: weight, bias: bias, epsilon: epsilon)
      default:
        guard !golden.bool("training") else {
          return batchNorm(inputs[0], weight: weight, bias: bias, epsilon: epsilon)
        }
        return batchNorm(
          inputs[0], runningMean: golden.operand("runningMean"), runningVariance: golden.operand("runningVariance"),
          weight: weight, bias: bias, epsilon: epsilon)
      }
    }
  }

  @Test func `a mean of one value is refused`() {
    #expect(throws: ShapeError.self) {
      try Normalization(groups: .batch, epsilon: 1e-5).outputShape(of: [[1, 3, 1, 1]])
    }
    #expect(throws: ShapeError.self) {
      try Normalization(groups: .groups(2), epsilon: 0).outputShape(of: [[1, 3, 4, 4]])
    }
    #expect(throws: ShapeError.self) {
      try Normalization(groups: .batch, epsilon: 0).outputShape(of: [[2, 3, 4], [4], [3]])
    }
  }

  @Test func `dropout keeps the mean, zeroes its share, and repeats with its seed`() {
    let x = Tensor.ones([100, 1000])
    let y = withRandomSeed(4) { dropout(x, probability: 0.25) }
    let zeros = y.elements.count { $0 == 0 }
    #expect(abs(Double(zeros) / 100_000 - 0.25) < 0.005)
    #expect(y.elements.allSatisfy { $0 == 0 || abs($0 - 4 / 3) < 1e-6 })
    #expect(withRandomSeed(4) { dropout(x, probability: 0.25) } == y)
    #expect(dropout(x, probability: 1) == .zeros([100, 1000]))
    let channels = withRandomSeed(1) { dropout2d(.ones([4, 50, 3, 3]), probability: 0.5) }
    for start in stride(from: 0, to: channels.shape.elementCount, by: 9) {
      #expect(Set(channels.elements[start..<start + 9]).count == 1)
    }
  }
}
