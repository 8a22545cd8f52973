import ArgumentParser

struct Train: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "train",
    abstract: "Trains a network.", subcommands: [TrainSuperResolution.self])
}
