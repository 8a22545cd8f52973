public import ArgumentParser
import Foundation
import KakudaiLayers
public import KakudaiModels
import KakudaiTensors
import KakudaiWeights

struct TrainSuperResolution: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "super-resolution",
    abstract: "Trains a network that enlarges pictures.",
    discussion: """
      The small pictures are made from those in --data by cubic reduction, as in the published protocol, or as cameras and \
      web sites make them (--degradation photo). Every --save-every steps the state is saved beside the output, as \
      OUTPUT.checkpoint; --resume goes on from there and ends with the same bytes as a training that was not interrupted. \
      At each judgement NAME.samples.png and NAME.curve.png are drawn beside NAME.safetensors; TensorBoard reads \
      NAME.events.
      """)

  @Option(help: "A folder of pictures; may be given several times.")
  var data: [String]

  @Option(help: "A folder of JPEG pictures, halved before use so that what compression left does not show.")
  var halve: [String] = []

  @Option(name: [.customShort("o"), .customLong("output")], help: "The weight file to write (.safetensors).")
  var output: String

  @Option(
    name: [.customShort("n"), .long],
    help: "The network: \(TrainingRecipe.all.map(\.name).joined(separator: ", ")).")
  var network = "fast"

  @Option(name: [.customShort("s"), .long], help: "How many times larger.")
  var scale = 2

  @Option(help: "How many steps.")
  var steps = 100_000

  @Option(help: "Crops in one step.")
  var batch = 6

  @Option(help: "Crops drawn for each that is used, which is the one with the most detail.")
  var candidates = 4

  @Option(help: "Height and width of a crop, at the small size.")
  var crop = 64

  @Option(help: "How it learns; soap needs about half as many steps as adam.")
  var optimizer = TrainingOptimizer.soap

  @Option(
    name: .customLong("learning-rate"),
    help: """
      The learning rate at first, \(TrainingOptimizer.allCases.map { "\($0.usualLearningRate) for \($0.rawValue)" }
        .joined(separator: " and ")) by default; it falls along half a cosine.
      """)
  var chosenLearningRate: Float?
  private var learningRate: Float { chosenLearningRate ?? optimizer.usualLearningRate }

  @Option(help: "The learning rate at the end.")
  var lastLearningRate: Float = 1e-6

  @Option(help: "Steps in which the learning rate rises.")
  var warmUp = 500

  @Option(help: "What is made small: \(SuperResolutionLoss.allCases.map(\.rawValue).joined(separator: ", ")).")
  var loss = SuperResolutionLoss.l1

  @Option(
    name: .customLong("gradient-limit"),
    help: "The longest gradient, 1 by default and 400 for psnr; longer ones are shortened.")
  var chosenGradientLimit: Float?
  private var gradientLimit: Float { chosenGradientLimit ?? loss.usualGradientLimit }

  @Option(help: "How much of the average of the weights stays in one step.")
  var averageDecay: Float = 0.999

  @Option(
    help: """
      How the small pictures come from the large ones: bicubic, clean as in the literature; or photo, blurred, noisy and \
      compressed at random.
      """)
  var degradation = Degradation.bicubic

  @Option(help: "What all random numbers follow from.")
  var seed: UInt64 = 1

  @Option(help: "Pictures held out, on which progress is judged.")
  var heldOut = 12

  @Option(
    help: """
      Weights to begin with: a weight file or a checkpoint of the same network; where it is of another scale, without its \
      last layer.
      """)
  var from: String?

  @Option(
    help: """
      A model whose enlargements are learnt in place of the pictures themselves, a built-in one or a weight file; what is held \
      out is judged by the pictures.
      """)
  var teacher: String?

  @Option(help: "Steps between two judgements.")
  var judgeEvery = 1000

  @Option(help: "Steps between two checkpoints.")
  var saveEvery = 1000

  @Option(name: [.customShort("j"), .long], help: "Threads; all processors by default.")
  var threads: ThreadCount?

  @Flag(help: "Goes on from the checkpoint.")
  var resume = false

  @Flag(help: "One JSON object a judgement.")
  var json = false

  func validate() throws {
    for (name, number) in [
      ("--steps", steps), ("--batch", batch), ("--crop", crop), ("--candidates", candidates),
      ("--judge-every", judgeEvery), ("--save-every", saveEvery),
    ] where number < 1 {
      throw ValidationError("\(name) must be at least 1.")
    }
    guard (1...8).contains(scale) else { throw ValidationError("--scale goes from 1 to 8.") }
    if teacher != nil && degradation == .photo {
      throw ValidationError("--teacher enlarges clean pictures; it does not go with --degradation photo.")
    }
    guard heldOut >= 0 && warmUp >= 0 else { throw ValidationError("--held-out and --warm-up must not be negative.") }
  }

  func run() throws {
    do {
      let recipe = try TrainingRecipe(named: network)
      try withThreadCount(threads?.count ?? Parallel.processorCount) {
        let network = try withRandomSeed(seed) { try recipe.network(scale: scale) }
        try train(network)
      }
    } catch let error as ExitCode { throw error } catch { throw fail(error) }
  }

  private func train<Network: SuperResolutionNetwork>(_ network: Network) throws {
    var network = network
    if let from { try network.begin(with: try Safetensors(contentsOf: from)) }
    var training = SuperResolutionTraining(
      network, optimizer: optimizer,
      schedule: LearningRateSchedule(
        base: learningRate, course: .cosine(steps: steps, last: lastLearningRate), warmUpSteps: warmUp),
      loss: loss, averageDecay: averageDecay, gradientLimit: gradientLimit)
    var progress = TrainingProgress(settings: settings)
    let checkpoint = output + ".checkpoint"
    if resume {
      let file = try Safetensors(contentsOf: checkpoint)
      try progress.restore(file)
      try training.load(file)
    }

    let teachingModel = try teacher.map { try UpscalingModel(nameOrFile: $0, scale: scale) }
    var pictures = TrainingPictures(scale: scale)
    for folder in data { try pictures.add(folder: folder, halving: false) }
    for folder in halve { try pictures.add(folder: folder, halving: true) }
    var (used, judged) = pictures.split(heldOut: heldOut, seed: seed)
    if let teachingModel { used = try taught(used, by: teachingModel) }
    if degradation == .photo { judged = judged.enumerated().map { $1.degraded(seed: seed &+ UInt64($0)) } }
    guard
      let crops = CropSource(
        used, side: crop, batch: batch, channels: training.network.channels, seed: seed, degradation: degradation,
        candidates: candidates)
    else {
      throw PathError(description: "no picture in \(data.joined(separator: ", ")) is large enough for crops of \(crop)")
    }
    Terminal.report(
      "\(used.count) pictures to train with, \(judged.count) held out, "
        + "\(used.reduce(0) { $0 + $1.byteCount } >> 20) MB; \(training.network.parameterCount) parameters")

    let records = try TrainingRecords(output: output, step: training.step, steps: steps)
    // Crops of the next step are made while this one computes.
    let prefetched = Prefetched { crops.batch(step: $0) }
    prefetched.begin(training.step)
    while training.step < steps {
      let batch = prefetched.take()
      if training.step + 1 < steps { prefetched.begin(training.step + 1) }
      progress.add(loss: try training.advance(on: batch))
      if training.step % judgeEvery == 0 || training.step == steps {
        progress.judge(
          step: training.step, of: steps, psnr: training.validationPSNR(judged), rate: training.learningRate,
          batch: self.batch, json: json)
        try records.write(training, on: judged, progress.judgements)
      } else if training.step % 20 == 0 {
        progress.show(step: training.step, of: steps, batch: self.batch)
      }
      if training.step % saveEvery == 0 || training.step == steps {
        try training.save(to: checkpoint, metadata: progress.metadata)
      }
    }
    let trained = training.average.average
    try trained.save(to: output, metadata: trained.metadata)
    Terminal.clearProgress()
    Terminal.report("\(output): \(trained.parameterCount) parameters after \(steps) steps")
  }

  private func taught(
    _ pictures: [SuperResolutionPicture], by teacher: UpscalingModel
  ) throws -> [SuperResolutionPicture] {
    defer { Terminal.clearProgress() }
    return try pictures.enumerated().map { index, picture in
      Terminal.showProgress("\(teacher.name): \(index + 1) of \(pictures.count) pictures enlarged")
      return try picture.taught(by: Upscaler(teacher))
    }
  }

  /// What must be the same when a training is resumed.
  private var settings: [String: String] {
    var settings = [
      "network": network, "scale": "\(scale)", "steps": "\(steps)", "batch": "\(batch)", "crop": "\(crop)",
      "candidates": "\(candidates)", "optimizer": optimizer.rawValue, "learningRate": "\(learningRate)",
      "lastLearningRate": "\(lastLearningRate)", "warmUp": "\(warmUp)", "loss": loss.rawValue,
      "gradientLimit": "\(gradientLimit)", "averageDecay": "\(averageDecay)", "seed": "\(seed)",
      "heldOut": "\(heldOut)", "data": data.joined(separator: ":"), "halve": halve.joined(separator: ":"),
    ]
    if degradation != .bicubic { settings["degradation"] = degradation.rawValue }
    if let teacher { settings["teacher"] = teacher }
    return settings
  }

  /// Those that checkpoints name only where they are not as usual.
  static let optionalSettings = ["degradation", "teacher"]
}

extension SuperResolutionLoss: ExpressibleByArgument {}
extension TrainingOptimizer: ExpressibleByArgument {}
extension Degradation: ExpressibleByArgument {}
