public import KakudaiTensors

/// What can be wrong with a weight file, or between a file and a model.
public enum WeightsError: Error, Hashable {
  /// The file cannot be opened or read.
  case unreadable(path: String, reason: String)
  /// The bytes are not what the format demands; `offset` counts from the start of the file.
  case malformed(path: String, offset: Int, reason: String)
  /// There is no tensor of that name.
  case noTensor(path: String, name: String)
  /// Names or shapes of the file and the model differ.
  case mismatch(path: String, missing: [String], unexpected: [String], misshapen: [Misshapen])
  /// The file cannot be written; nothing stands under its name that was not there before.
  case unwritable(path: String, reason: String)

  /// A tensor whose shape is not the one the model has.
  public struct Misshapen: Hashable, Sendable {
    public let name: String
    public let expected: Shape
    public let found: Shape
  }
}

extension WeightsError: CustomStringConvertible {
  /// One sentence with the place and the numbers.
  public var description: String {
    switch self {
    case .unreadable(let path, let reason): return "\(path) cannot be read: \(reason)"
    case .malformed(let path, let offset, let reason): return "\(path), byte \(offset): \(reason)"
    case .noTensor(let path, let name): return "\(path) holds no tensor named \(name)"
    case .unwritable(let path, let reason): return "\(path) cannot be written: \(reason)"
    case .mismatch(let path, let missing, let unexpected, let misshapen):
      var parts: [String] = []
      if !missing.isEmpty { parts.append("it lacks \(WeightsError.list(missing))") }
      if !unexpected.isEmpty { parts.append("the model has no \(WeightsError.list(unexpected))") }
      if !misshapen.isEmpty {
        let shapes = misshapen.map { "\($0.name), which is \($0.found) and not \($0.expected)" }
        parts.append("it misshapes \(WeightsError.list(shapes))")
      }
      return "\(path) does not fit the model: " + parts.joined(separator: "; ")
    }
  }

  /// The first names, and how many more there are.
  private static func list(_ names: [String]) -> String {
    names.count <= 8
      ? names.joined(separator: ", ")
      : names.prefix(7).joined(separator: ", ") + " and \(names.count - 7) more"
  }
}
