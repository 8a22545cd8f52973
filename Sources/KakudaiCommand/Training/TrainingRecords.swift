import Foundation
import KakudaiImages
import KakudaiModels
import KakudaiTensors

/// What a training leaves beside its output for people to look at: `NAME.samples.png`, `NAME.curve.png`, and a folder
/// `NAME.events` for TensorBoard.
struct TrainingRecords {
  static let curveSuffix = ".curve.png"
  static let samplesSuffix = ".samples.png"

  private let stem: String
  private let eventFile: String
  private let steps: Int

  /// - Parameter step: The first that is to come.
  init(output: String, step: Int, steps: Int) throws {
    stem = (output as NSString).deletingPathExtension
    self.steps = steps
    let folder = stem + ".events"
    let now = Date().timeIntervalSince1970
    eventFile = "\(folder)/events.out.tfevents.\(Int(now)).kakudai"
    do { try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true) } catch {
      throw PathError(description: "\(folder) cannot be made a folder: \(error.localizedDescription)")
    }
    try append([.init(.fileVersion, step: 0, wallTime: now), .init(.start, step: step, wallTime: now)])
  }

  /// Called at each judgement.
  func write<Network: SuperResolutionNetwork>(
    _ training: SuperResolutionTraining<Network>, on judged: [SuperResolutionPicture],
    _ judgements: [TrainingProgress.Judgement]
  ) throws {
    let points = judgements.map { TrainingCurve.Point(step: $0.step, loss: $0.loss, psnr: $0.psnr) }
    try Image(TrainingCurve(points, steps: steps).picture).write(to: stem + Self.curveSuffix)
    if let samples = try training.samples(judged) { try Image(samples).write(to: stem + Self.samplesSuffix) }
    guard let last = judgements.last else { return }
    let scalars = [
      TrainingEvent.Scalar("loss", Float(last.loss)), .init("PSNR of held-out pictures", Float(last.psnr)),
      .init("learning rate", last.learningRate),
    ]
    try append([.init(.scalars(scalars), step: last.step, wallTime: Date().timeIntervalSince1970)])
  }

  private func append(_ events: [TrainingEvent]) throws {
    let bytes = events.flatMap(\.record)
    guard let file = fopen(eventFile, "ab") else { throw unwritable }
    let isWritten = fwrite(bytes, 1, bytes.count, file) == bytes.count
    guard fclose(file) == 0 && isWritten else { throw unwritable }
  }

  private var unwritable: PathError {
    PathError(description: "\(eventFile) cannot be written: \(String(cString: strerror(errno)))")
  }
}
