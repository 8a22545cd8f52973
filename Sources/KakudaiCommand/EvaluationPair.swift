import Foundation
import KakudaiImages
import KakudaiModels
import KakudaiTensors

/// A picture, and its reduced version where that is a file of its own.
struct EvaluationPair {
  /// As the table shows it.
  var name: String
  var large: String
  var small: String?

  /// The pairs of a folder, in the order of their names: `NAME_HR` and `NAME_LR`; or the folders `HR` and `LR`, where the small
  /// picture may have `x` and the scale behind its name; or else large pictures alone.
  static func all(in folder: String, scale: Int) throws(PathError) -> [EvaluationPair] {
    let names = UpscaleJob.names(in: folder, isRecursive: false)
    let pairs: [EvaluationPair]
    if names.contains(where: { stem($0).hasSuffix("_HR") }) {
      pairs = try names.filter { stem($0).hasSuffix("_HR") }.map { (name) throws(PathError) in
        let common = String(stem(name).dropLast(3))
        return EvaluationPair(
          name: common, large: "\(folder)/\(name)",
          small: try small([common + "_LR"], of: name, among: names, in: folder))
      }
    } else {
      let largeNames = UpscaleJob.names(in: folder + "/HR", isRecursive: false)
      let smallNames = UpscaleJob.names(in: folder + "/LR", isRecursive: false)
      pairs =
        largeNames.isEmpty
        ? names.map { EvaluationPair(name: stem($0), large: "\(folder)/\($0)") }
        : try largeNames.map { (name) throws(PathError) in
          EvaluationPair(
            name: stem(name), large: "\(folder)/HR/\(name)",
            small: try small([stem(name), "\(stem(name))x\(scale)"], of: name, among: smallNames, in: folder + "/LR"))
        }
    }
    guard !pairs.isEmpty else { throw PathError(description: "there is no picture in \(folder)") }
    return pairs
  }

  private static func stem(_ name: String) -> String { (name as NSString).deletingPathExtension }

  private static func small(
    _ stems: [String], of large: String, among names: [String], in folder: String
  ) throws(PathError) -> String {
    guard let name = names.first(where: { stems.contains(stem($0)) }) else {
      throw PathError(description: "\(large) has no small picture named \(stems[0]) in \(folder)")
    }
    return "\(folder)/\(name)"
  }

  /// Both pictures in 0…1, the large one cropped to `scale` times the small one.
  func colours(scale: Int) throws -> (small: Tensor, large: Tensor) {
    let image = try Image(contentsOf: large).colour
    guard let small else {
      guard let pair = SuperResolutionPicture(image, scale: scale) else {
        throw PathError(description: "\(large) is too small to be judged at scale \(scale)")
      }
      return pair.tensors
    }
    let reduced = try Image(contentsOf: small).colour
    let (height, width) = (reduced.shape[2] * scale, reduced.shape[3] * scale)
    // Pictures are cropped to a multiple of the scale before they are reduced.
    guard (0..<scale).contains(image.shape[2] - height) && (0..<scale).contains(image.shape[3] - width) else {
      throw PathError(
        description: "\(small) is \(reduced.shape[3]) × \(reduced.shape[2]), which is not \(large)'s "
          + "\(image.shape[3]) × \(image.shape[2]) divided by \(scale)")
    }
    return (reduced, image.sliced(2, 0..<height).sliced(3, 0..<width))
  }
}
