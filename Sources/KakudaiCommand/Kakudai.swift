import ArgumentParser
import Foundation

/// All commands say their names: the parser makes those that it lacks out of types, each time the program starts.
@main
struct Kakudai: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "kakudai",
    abstract: "Makes pictures bigger, cleaner and new with neural networks.",
    discussion: """
      Exit codes: 0 all done, 1 something failed, 2 wrong usage, 130 interrupted.
      """,
    subcommands: [
      Upscale.self, Compare.self, Evaluate.self, Explain.self, Models.self, Inspect.self, Export.self, Train.self,
      Bench.self,
    ])

  /// Wrong usage ends with 2, which scripts expect, and not with the parser's 64.
  static func main() {
    // A closed pipe or a file that may not grow is then an error of the write, with a message, and not the end of the process.
    for number in [SIGPIPE, SIGXFSZ] { signal(number, SIG_IGN) }
    do {
      var command = try parseAsRoot()
      try command.run()
    } catch {
      guard exitCode(for: error) == .validationFailure else { exit(withError: error) }
      Terminal.report(fullMessage(for: error))
      Foundation.exit(2)
    }
  }
}
