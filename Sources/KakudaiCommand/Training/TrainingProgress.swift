import Foundation
import KakudaiImages
import KakudaiTensors
import KakudaiWeights

/// What a training has shown so far: the progress line, the judgements, and the curve drawn of them.
struct TrainingProgress {
  struct Judgement: Codable {
    var step: Int
    /// The mean since the judgement before.
    var loss: Double
    /// In dB, on held-out pictures.
    var psnr: Double
    var learningRate: Float
    /// Of computing, interruptions left out.
    var seconds: Double
  }

  private let settings: [String: String]
  private(set) var judgements: [Judgement] = []
  /// Of the steps since the last judgement.
  private var losses = (sum: 0.0, count: 0, last: Float(0))
  private var secondsBefore = 0.0
  private var stepsBefore = 0
  private let start = ContinuousClock.now

  init(settings: [String: String]) { self.settings = settings }

  mutating func add(loss: Float) { losses = (losses.sum + Double(loss), losses.count + 1, loss) }

  mutating func judge(step: Int, of steps: Int, psnr: Double, rate: Float, batch: Int, json: Bool) {
    let mean = losses.sum / Double(max(1, losses.count))
    let judgement = Judgement(step: step, loss: mean, psnr: psnr, learningRate: rate, seconds: seconds)
    judgements.append(judgement)
    losses = (0, 0, losses.last)
    Terminal.clearProgress()
    if json {
      try? Terminal.print(json: judgement)
    } else {
      Terminal.report(
        String(
          format: "step %d: loss %.5f, held-out PSNR %.3f dB, learning rate %.2e, %.0f s", step, mean, psnr, rate,
          seconds))
    }
    show(step: step, of: steps, batch: batch)
  }

  /// The line that is replaced all the time.
  func show(step: Int, of steps: Int, batch: Int) {
    let perSecond = Double(step - stepsBefore) / max(1e-9, seconds - secondsBefore)
    let remaining = Int(Double(steps - step) / max(1e-9, perSecond))
    let judged = judgements.last.map { String(format: ", %.2f dB", $0.psnr) } ?? ""
    Terminal.showProgress(
      String(
        format: "step %d of %d%@, loss %.5f, %.0f pictures/s, %d:%02d:%02d left", step, steps, judged,
        losses.last, perSecond * Double(batch), remaining / 3600, remaining / 60 % 60, remaining % 60))
  }

  private var seconds: Double { secondsBefore + (ContinuousClock.now - start) / .seconds(1) }

  /// What a checkpoint notes.
  var metadata: [String: String] {
    var metadata = settings
    metadata["judgements"] = (try? JSONEncoder().encode(judgements)).map { String(decoding: $0, as: UTF8.self) }
    metadata["seconds"] = "\(seconds)"
    metadata["lossSum"] = "\(losses.sum)"
    metadata["lossCount"] = "\(losses.count)"
    return metadata
  }

  /// Takes the notes of a checkpoint.
  ///
  /// - Throws: where it was made with other settings.
  mutating func restore(_ checkpoint: Safetensors) throws {
    for name in Set(settings.keys).union(TrainSuperResolution.optionalSettings).sorted() {
      let (found, wanted) = (checkpoint.metadata[name], settings[name])
      guard found == wanted else {
        throw PathError(
          description: "\(checkpoint.path) was made with \(name) \(found ?? "as usual"), not \(wanted ?? "as usual")")
      }
    }
    let text = checkpoint.metadata["judgements"] ?? "[]"
    judgements = (try? JSONDecoder().decode([Judgement].self, from: Data(text.utf8))) ?? []
    secondsBefore = checkpoint.metadata["seconds"].flatMap { Double($0) } ?? 0
    losses.sum = checkpoint.metadata["lossSum"].flatMap { Double($0) } ?? 0
    losses.count = checkpoint.metadata["lossCount"].flatMap { Int($0) } ?? 0
    stepsBefore = Int((try? checkpoint.tensor("optimizer.steps").item) ?? 0)
  }
}
