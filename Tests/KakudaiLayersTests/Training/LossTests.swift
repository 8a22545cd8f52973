import KakudaiLayers
import KakudaiTensors
import TestSupport
import Testing

struct LossTests {
  static func function(_ golden: GoldenCase) -> ([Tensor]) -> Tensor {
    let reduction = LossReduction(rawValue: golden.string("reduction"))!
    switch golden.string("op") {
    case "l1Loss": return { l1Loss($0[0], golden.operand("target"), reduction: reduction) }
    case "mseLoss": return { mseLoss($0[0], golden.operand("target"), reduction: reduction) }
    case "smoothL1Loss":
      return { smoothL1Loss($0[0], golden.operand("target"), beta: golden.float("beta"), reduction: reduction) }
    case "binaryCrossEntropyWithLogits":
      return { binaryCrossEntropyWithLogits($0[0], golden.operand("target"), reduction: reduction) }
    case "crossEntropy":
      return { crossEntropy($0[0], classes: golden.integers("targetClasses"), reduction: reduction) }
    default: fatalError("no loss for \(golden.string("op"))")
    }
  }

  // Bounded by 1 + |value|: a gradient σ(x) − y is a difference of two numbers up to 1.
  @Test(arguments: GoldenCase.all("losses")) func `values and gradients are PyTorch's`(_ golden: GoldenCase) {
    golden.expect(of: ["input"], units: 16, magnitude: 1, Self.function(golden))
  }

  @Test func `Charbonnier is nearly the distance, and smooth at zero`() {
    let target = Tensor([0, 0, 0])
    let loss = charbonnierLoss(Tensor([0, 3, -4]), target, epsilon: 1e-3, reduction: .none)
    #expect(abs(loss[0] - 1e-3) < 1e-9 && abs(loss[1] - 3) < 1e-6 && abs(loss[2] - 4) < 1e-6)
    expectGradients(at: [.random([5])]) { charbonnierLoss($0[0], Tensor.zeros([5]), epsilon: 0.5, reduction: .none) }
  }

  @Test func `the PSNR loss is minus the mean of the pictures' PSNR`() {
    let target = Tensor.zeros([2, 1, 2, 2])
    // Mean squared errors of 0.01 and 0.0001: 20 and 40 dB.
    let prediction = Tensor([0.1, -0.1, 0.1, 0.1, 0.01, 0.01, -0.01, 0.01]).reshaped(to: [2, 1, 2, 2])
    #expect(abs(psnrLoss(prediction, target, epsilon: 0).item + 30) < 1e-4)
    #expect(abs(psnrLoss(target, target).item + 50) < 1e-4)
    expectGradients(at: [.random([2, 1, 3, 2])]) { psnrLoss($0[0], Tensor.zeros([2, 1, 3, 2]), epsilon: 0.1) }
  }

  @Test func `impossible classes and shapes are named`() async {
    let classes = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      _ = crossEntropy(.zeros([2, 3]), classes: [0, 3])
    }
    #expect(message(of: classes).contains("class 3 is not one of the 3 that logits (2, 3) have"))
    let shapes = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      _ = mseLoss(.zeros([2, 3]), .zeros([3]))
    }
    #expect(message(of: shapes).contains("mseLoss: the prediction is (2, 3), but the target (3)"))
  }
}
