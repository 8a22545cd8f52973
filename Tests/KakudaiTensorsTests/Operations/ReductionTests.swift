import KakudaiTensors
import TestSupport
import Testing

struct ReductionTests {
  @Test(arguments: GoldenCase.all("reductions")) func `values and gradients are PyTorch's`(_ golden: GoldenCase) {
    let (axes, keeps) = (golden.integers("axes"), golden.bool("keepAxes"))
    golden.expect(of: ["input"], magnitude: 1) { inputs in
      switch golden.string("op") {
      case "sum": inputs[0].sum(axes: axes, keepingAxes: keeps)
      case "mean": inputs[0].mean(axes: axes, keepingAxes: keeps)
      default: inputs[0].variance(axes: axes, isUnbiased: golden.bool("unbiased"), keepingAxes: keeps)
      }
    }
  }

  @Test func `an axis that does not exist or comes twice is refused`() async {
    let missing = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      _ = Tensor.zeros([2, 3]).sum(axes: [2])
    }
    #expect(message(of: missing).contains("sum: axis 2 does not exist in shape (2, 3), which has 2 axes"))
    let twice = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      _ = Tensor.zeros([2, 3]).mean(axes: [1, -1])
    }
    #expect(message(of: twice).contains("mean: axis -1 appears twice"))
  }
}
