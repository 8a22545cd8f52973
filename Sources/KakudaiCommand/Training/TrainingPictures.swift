import Dispatch
import Foundation
import KakudaiImages
import KakudaiModels
import KakudaiTensors
import Synchronization

/// The pictures of some folders, in memory.
struct TrainingPictures {
  let scale: Int
  private(set) var pictures: [SuperResolutionPicture] = []

  init(scale: Int) { self.scale = scale }

  /// Reads all pictures of a folder and those inside it, in the order of their names, several at a time.
  ///
  /// - Parameter halving: Whether they are first reduced to half their size.
  mutating func add(folder: String, halving: Bool) throws {
    // What a training drew is nothing to learn from, and would change what a resumed one sees.
    let paths = UpscaleJob.names(in: folder, isRecursive: true)
      .filter { !$0.hasSuffix(TrainingRecords.curveSuffix) && !$0.hasSuffix(TrainingRecords.samplesSuffix) }
      .map { "\(folder)/\($0)" }
    guard !paths.isEmpty else { throw PathError(description: "there is no picture in \(folder)") }
    let scale = self.scale
    let read = Mutex<[Int: Result<SuperResolutionPicture?, any Error>]>([:])
    DispatchQueue.concurrentPerform(iterations: paths.count) { index in
      let result = Result { try withThreadCount(1) { try Self.picture(paths[index], scale: scale, halving: halving) } }
      let count = read.withLock { read in
        read[index] = result
        return read.count
      }
      Terminal.showProgress("\(folder): \(count) of \(paths.count) pictures read")
    }
    Terminal.clearProgress()
    let results = read.withLock { $0 }
    for index in paths.indices {
      if let picture = try results[index]!.get() { pictures.append(picture) }
    }
  }

  private static func picture(_ path: String, scale: Int, halving: Bool) throws -> SuperResolutionPicture? {
    let colour = try Image(contentsOf: path).colour
    guard halving else { return SuperResolutionPicture(colour, scale: scale) }
    let (height, width) = (colour.shape[2] / 2, colour.shape[3] / 2)
    guard height > 0 && width > 0 else { return nil }
    return SuperResolutionPicture(
      interpolate(colour, size: [height, width], mode: .bicubic, antialias: true), scale: scale)
  }

  /// Holds out some pictures that the seed chooses; of these, the middles.
  func split(heldOut count: Int, seed: UInt64) -> (used: [SuperResolutionPicture], judged: [SuperResolutionPicture]) {
    var generator = RandomGenerator(seed: seed)
    let order = pictures.indices.shuffled(using: &generator)
    let held = Set(order.prefix(min(count, pictures.count - 1)))
    return (
      pictures.indices.filter { !held.contains($0) }.map { pictures[$0] },
      pictures.indices.filter(held.contains).map { pictures[$0].middle(side: 240) }
    )
  }
}
