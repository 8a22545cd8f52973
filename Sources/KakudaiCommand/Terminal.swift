import ArgumentParser
import Foundation

/// What the program says, and where.
enum Terminal {
  /// One line on standard error.
  static func report(_ text: String) { FileHandle.standardError.write(Data((text + "\n").utf8)) }

  /// Whether somebody watches standard error.
  static let isWatched = isatty(STDERR_FILENO) == 1

  /// Replaces the progress line, where somebody watches.
  static func showProgress(_ text: String) {
    guard isWatched else { return }
    FileHandle.standardError.write(Data("\r\u{1B}[K\(text)".utf8))
  }

  static func clearProgress() { showProgress("") }

  /// One JSON object on a line of standard output, at once, also where that is a pipe.
  static func print(json value: some Encodable) throws {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    try FileHandle.standardOutput.write(contentsOf: try encoder.encode(value) + Data("\n".utf8))
  }
}

/// How far one picture has come, and how long the rest will take.
struct ProgressLine {
  private let title: String
  private let isShown: Bool
  private let start = ContinuousClock.now
  private var shown = ContinuousClock.now

  init(_ title: String, isShown: Bool) {
    self.title = title
    self.isShown = isShown && Terminal.isWatched
    if self.isShown { Terminal.showProgress(title) }
  }

  /// Shows the part that is done, ten times a second at most.
  mutating func show(_ part: Double) {
    let now = ContinuousClock.now
    guard isShown, part > 0, now - shown > .milliseconds(100) else { return }
    shown = now
    let rest = (now - start) / .seconds(1) * (1 - part) / part
    Terminal.showProgress("\(title)  \(Int(100 * part)) %, \(Int(rest.rounded(.up))) s left")
  }
}

/// One sentence on standard error, and exit code 1.
func fail(_ error: any Error) -> ExitCode {
  Terminal.report("kakudai: \(error)")
  return .failure
}

/// What is wrong with a file or a folder that was named.
struct PathError: Error, CustomStringConvertible {
  let description: String
}

/// Two numbers, or one for both: `4` or `4x3` (height × width).
struct Pair: ExpressibleByArgument {
  let height: Int
  let width: Int

  init?(argument: String) {
    let numbers = argument.lowercased().split(separator: "x", omittingEmptySubsequences: false).map { Int($0) }
    switch numbers.count {
    case 1:
      guard let both = numbers[0] else { return nil }
      (height, width) = (both, both)
    case 2:
      guard let height = numbers[0], let width = numbers[1] else { return nil }
      (self.height, self.width) = (height, width)
    default: return nil
    }
  }
}

/// A number of bytes: `512M`, `2G`, `800000`.
struct ByteCount: ExpressibleByArgument {
  let bytes: Int

  init?(argument: String) {
    let units: [Character: Int] = ["K": 1 << 10, "M": 1 << 20, "G": 1 << 30]
    let unit = argument.last.flatMap { units[Character($0.uppercased())] }
    guard let number = Int(unit == nil ? argument[...] : argument.dropLast()), number > 0 else { return nil }
    let (bytes, overflows) = number.multipliedReportingOverflow(by: unit ?? 1)
    guard !overflows else { return nil }
    self.bytes = bytes
  }
}

/// A number of threads: `4`, or `load:compute:save` as other upscalers take it, of which the middle one counts.
struct ThreadCount: ExpressibleByArgument {
  let count: Int

  init?(argument: String) {
    let numbers = argument.split(separator: ":", omittingEmptySubsequences: false).map { Int($0) }
    guard numbers.count == 1 || numbers.count == 3, let count = numbers[numbers.count / 2], count > 0 else {
      return nil
    }
    self.count = count
  }
}
