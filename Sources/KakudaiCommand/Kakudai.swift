import ArgumentParser

@main
struct Kakudai: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "kakudai", abstract: "Makes pictures bigger, cleaner and new with neural networks.")
}
