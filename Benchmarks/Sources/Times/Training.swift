import Kakudai

/// One step of Adam with FSRCNN on the mean absolute error: forward, backward, update.
final class TrainingStep: Job {
  private var network: FSRCNN
  private var optimizer: Adam
  private let input: Tensor
  private let target: Tensor

  /// Weights under the network's names, `input` and `target`.
  init(_ file: Safetensors) throws {
    network = FSRCNN(scale: Int(file.metadata["scale"]!)!)
    var tensors = file.tensors
    (input, target) = (tensors.removeValue(forKey: "input")!, tensors.removeValue(forKey: "target")!)
    try network.load(tensors, from: file.path, isStrict: true)
    optimizer = Adam(for: network, learningRate: 1e-3)
  }

  /// The results are the gradients before the step.
  func run() -> (results: [String: Tensor], time: Duration) {
    var gradient: FSRCNN?
    let time = ContinuousClock().measure {
      let (_, change) = valueAndGradient(of: network) { l1Loss($0(input), target) }
      optimizer.update(&network, along: change)
      gradient = change
    }
    return (Dictionary(uniqueKeysWithValues: gradient!.namedTensors.map { ($0.name, $0.tensor) }), time)
  }
}
