import ArgumentParser

struct Train: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Trains a network.", subcommands: [TrainSuperResolution.self])
}
