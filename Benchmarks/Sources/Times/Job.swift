import Kakudai

/// What is timed.
protocol Job {
  /// Does it once.
  func run() -> (results: [String: Tensor], time: Duration)
}

/// A function.
struct Forward: Job {
  let function: () -> Tensor

  func run() -> (results: [String: Tensor], time: Duration) {
    var output: Tensor?
    let time = ContinuousClock().measure { output = function() }
    return (["output": output!], time)
  }
}

/// The gradients of a function by its operands under a given cotangent, without the function itself.
struct Gradients: Job {
  let names: [String]
  let operands: [Tensor]
  let cotangent: Tensor
  let function: ([Tensor]) -> Tensor

  func run() -> (results: [String: Tensor], time: Duration) {
    let stamps = Stamps()
    let gradients = valueAndGradient(of: operands) { operands in
      let output = function([End(stamps: stamps)(operands[0])] + operands.dropFirst())
      return Start(stamps: stamps, cotangent: cotangent)(output)
    }.gradient
    return (Dictionary(uniqueKeysWithValues: zip(names, gradients)), stamps.end! - stamps.start!)
  }
}

/// When the walk back along the tape came past.
private final class Stamps: @unchecked Sendable {
  var start: ContinuousClock.Instant?
  var end: ContinuousClock.Instant?
}

/// A loss whose derivative is `cotangent`.
private struct Start: Kakudai.Operation {
  static let name = "start"
  let stamps: Stamps
  let cotangent: Tensor
  func outputShape(of inputs: [Shape]) -> Shape { [] }
  func value(of inputs: [Tensor], shape: Shape) -> Tensor { Tensor(0) }
  func gradients(_ context: GradientContext) -> [Tensor?] {
    stamps.start = .now
    return [cotangent]
  }
}

/// Changes nothing.
private struct End: Kakudai.Operation {
  static let name = "end"
  let stamps: Stamps
  func outputShape(of inputs: [Shape]) -> Shape { inputs[0] }
  func value(of inputs: [Tensor], shape: Shape) -> Tensor { inputs[0] }
  func gradients(_ context: GradientContext) -> [Tensor?] {
    stamps.end = .now
    return [context.cotangent]
  }
}

/// The job that a file of tensors describes in its metadata.
func makeJob(_ file: Safetensors) throws -> any Job {
  if file.metadata["layers"] != nil {
    let (network, input) = (Network(file), try file.tensor("input"))
    let plan = Plan(input: input.shape) { network($0) }
    return Forward { plan(input) }
  }
  if file.metadata["operation"] == "train" { return try TrainingStep(file) }
  if file.metadata["operation"] == "trainAdversaries" { return try AdversarialStep(file) }
  let function = try function(file)
  let names = ["input", "weight", "bias"].filter { file.tensors[$0] != nil }
  let operands = try names.map { try file.tensor($0) }
  guard file.metadata["direction"] == "gradients" else { return Forward { function(operands) } }
  return Gradients(names: names, operands: operands, cotangent: try file.tensor("cotangent"), function: function)
}

private func function(_ file: Safetensors) throws -> ([Tensor]) -> Tensor {
  func number(_ name: String) -> Int { Int(file.metadata[name]!)! }
  let operation = file.metadata["operation"]!
  switch operation {
  case "conv2d":
    let (stride, padding, groups) = (PerAxis(number("stride")), PerAxis(number("padding")), number("groups"))
    let dilation = PerAxis(number("dilation"))
    return {
      conv2d($0[0], $0[1], $0[2], stride: stride, padding: .pixels(padding), dilation: dilation, groups: groups)
    }
  case "convTranspose2d":
    let (stride, padding, groups) = (PerAxis(number("stride")), PerAxis(number("padding")), number("groups"))
    let (dilation, outputPadding) = (PerAxis(number("dilation")), PerAxis(number("output_padding")))
    return {
      convTranspose2d(
        $0[0], $0[1], $0[2], stride: stride, padding: padding, outputPadding: outputPadding, groups: groups,
        dilation: dilation)
    }
  case "pixelShuffle":
    let factor = number("scale")
    return { pixelShuffle($0[0], upscaleFactor: factor) }
  case "nearest", "bilinear", "bicubic":
    let (mode, factor) = (InterpolationMode(rawValue: operation)!, Double(file.metadata["scale"]!)!)
    let antialias = file.metadata["antialias"] == "True"
    return { interpolate($0[0], scaleFactor: SpatialValues(factor), mode: mode, antialias: antialias) }
  case "leakyReLU": return { leakyReLU($0[0], negativeSlope: 0.1) }
  case "tanh": return { tanh($0[0]) }
  case "sigmoid": return { sigmoid($0[0]) }
  case "instanceNorm": return { instanceNorm($0[0]) }
  default: throw UnknownOperation(name: operation)
  }
}

struct UnknownOperation: Error {
  let name: String
}
