import KakudaiLayers
import KakudaiTensors
import KakudaiWeights
import TestSupport
import Testing

struct OptimizerTests {
  static func optimizer(_ golden: GoldenCase, for model: Tensor) -> any Optimizer {
    func option(_ name: String, _ usual: Float) -> Float {
      golden.attributes[name] == nil ? usual : golden.float(name)
    }
    let decay = option("weight_decay", 0)
    let betas = golden.attributes["betas"]?.array?.map { Float($0.double!) }
    switch golden.string("op") {
    case "sgd":
      return SGD(
        for: model, learningRate: golden.float("lr"), momentum: option("momentum", 0), weightDecay: decay,
        isNesterov: golden.attributes["nesterov"] != nil)
    case "soap":
      let betas = betas ?? [0.95, 0.95]
      return SOAP(
        for: model, learningRate: golden.float("lr"), momentum: betas[0], squareMomentum: betas[1],
        epsilon: option("eps", 1e-8), interval: golden.attributes["interval"] == nil ? 10 : golden.integer("interval"))
    default:
      let betas = betas ?? [0.9, 0.999]
      return Adam(
        for: model, learningRate: golden.float("lr"), momentum: betas[0], squareMomentum: betas[1],
        epsilon: option("eps", 1e-8),
        weightDecay: golden.string("op") == "adamw" ? .decoupled(decay) : .ofGradient(decay))
    }
  }

  @Test(arguments: GoldenCase.all("optimizers")) func `twenty steps end where the reference's do`(_ golden: GoldenCase)
  {
    var parameter = golden.operand("parameter")
    var optimizer = Self.optimizer(golden, for: parameter)
    for step in 0..<golden.integer("steps") {
      let gradient = parameter + GoldenCase.generated(parameter.shape, seed: 100 + step)
      optimizer.update(&parameter, along: gradient)
    }
    golden.expect(parameter, is: "output", units: 64, magnitude: 1)
  }

  @Test func `an optimizer that is saved and loaded goes on as if nothing had happened`() {
    let start = Tensor.random([2, 3])
    func check(_ fresh: some Optimizer) {
      var (whole, first) = (start, start)
      var (wholeOptimizer, firstOptimizer, second) = (fresh, fresh, fresh)
      for _ in 0..<5 { wholeOptimizer.update(&whole, along: whole * whole) }
      for _ in 0..<3 { firstOptimizer.update(&first, along: first * first) }
      var copying = Copying()
      firstOptimizer.visitParameters(&copying)
      copying.isWriting = true
      second.visitParameters(&copying)
      for _ in 0..<2 { second.update(&first, along: first * first) }
      #expect(first == whole)
    }
    check(Adam(for: start, learningRate: 0.1))
    check(SOAP(for: start, learningRate: 0.1, interval: 2))
  }

  private struct Copying: ParameterVisitor {
    var tensors: [String: Tensor] = [:]
    var isWriting = false
    var path: [String] = []
    mutating func visit(tensor: inout Tensor, named name: String, role: ParameterRole) {
      if isWriting { tensor = tensors[name]! } else { tensors[name] = tensor }
    }
  }

  @Test func `a step trains a layer and takes the new statistics of its buffers`() {
    var model = Sequential {
      Conv2d(inChannels: 1, outChannels: 2, kernelSize: 3, padding: 1)
      BatchNorm2d(2)
    }
    let (input, target) = (Tensor.random([2, 1, 5, 5]), Tensor.random([2, 2, 5, 5], seed: 2))
    var optimizer = SGD(for: model, learningRate: 0.1, momentum: 0.9, isNesterov: true)
    var losses: [Float] = []
    for _ in 0..<20 {
      let (loss, gradient) = valueAndGradient(of: model) { mseLoss($0(input), target) }
      losses.append(loss)
      optimizer.update(&model, along: gradient)
    }
    #expect(losses.last! < 0.9 * losses[0])
    #expect(model.namedTensors.first { $0.name == "1.running_mean" }!.tensor != .zeros([2]))
  }

  @Test func `gradients are clipped by their common norm`() {
    var gradient = [Tensor([3, 0]), Tensor([0, 4])]
    #expect(gradient.clipNorm(to: 10) == 5 && gradient[0] == Tensor([3, 0]))
    #expect(gradient.clipNorm(to: 1) == 5)
    #expect(abs(gradient[0][0] - 0.6) < 1e-6 && abs(gradient[1][1] - 0.8) < 1e-6)
  }

  @Test func `learning rates rise, then fall along their course`() {
    let cosine = LearningRateSchedule(base: 1, course: .cosine(steps: 100, last: 0.1), warmUpSteps: 10)
    #expect(abs(cosine.rate(at: 0) - 0.1) < 1e-3 && abs(cosine.rate(at: 50) - 0.55) < 1e-6)
    #expect(cosine.rate(at: 100) == 0.1 && cosine.rate(at: 1000) == 0.1)
    let steps = LearningRateSchedule(base: 1, course: .steps(interval: 10, factor: 0.5))
    #expect(steps.rate(at: 9) == 1 && steps.rate(at: 10) == 0.5 && steps.rate(at: 20) == 0.25)
  }

  @Test func `a moving average follows the model`() {
    var average = ExponentialMovingAverage(of: Tensor([0]), decay: 0.5)
    for _ in 0..<40 { average.update(Tensor([1])) }
    #expect(abs(average.average.item - 1) < 1e-6)
    average.update(Tensor([0]))
    #expect(abs(average.average.item - 0.5) < 1e-6)
  }
}
