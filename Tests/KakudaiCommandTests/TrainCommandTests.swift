import Foundation
import KakudaiImages
import KakudaiTensors
import TestSupport
import Testing

/// `kakudai train` as a user calls it.
struct TrainCommandTests {
  /// Half of the judgements fall between two checkpoints.
  static func arguments(_ folder: String, output: String, degradation: String = "bicubic") -> [String] {
    [
      "train", "super-resolution", "--data", folder, "-o", "\(folder)/\(output)", "--steps", "40", "--batch", "2",
      "--crop", "8", "--judge-every", "8", "--save-every", "10", "--held-out", "1", "-j", "1", "--degradation",
      degradation,
    ]
  }

  private static func writePictures(to folder: String) throws {
    for index in 0..<3 {
      try withRandomSeed(UInt64(index)) {
        try Image(colour: .uniform([1, 3, 56, 64])).write(to: "\(folder)/\(index).png")
      }
    }
  }

  @Test(arguments: ["bicubic", "photo"])
  func `a training that is killed and resumed ends with the same bytes`(degradation: String) throws {
    try withTemporaryFolder { folder in
      try Self.writePictures(to: folder)
      let whole = try CommandTests.kakudai(
        arguments: Self.arguments(folder, output: "whole.safetensors", degradation: degradation))
      #expect(whole.status == 0 && whole.errors.contains("2 pictures to train with, 1 held out"), "\(whole)")

      let process = Process()
      process.executableURL = URL(fileURLWithPath: CommandLine.arguments[0]).deletingLastPathComponent()
        .appendingPathComponent("kakudai")
      process.arguments = Self.arguments(folder, output: "killed.safetensors", degradation: degradation)
      process.standardError = FileHandle.nullDevice
      try process.run()
      while !FileManager.default.fileExists(atPath: "\(folder)/killed.safetensors.checkpoint") && process.isRunning {
        usleep(1000)
      }
      kill(process.processIdentifier, SIGKILL)
      process.waitUntilExit()
      let resumed = try CommandTests.kakudai(
        arguments: Self.arguments(folder, output: "killed.safetensors", degradation: degradation) + ["--resume"])
      #expect(resumed.status == 0, "\(resumed)")
      for name in ["safetensors", "curve.png", "samples.png"] {
        #expect(try readBytes("\(folder)/whole.\(name)") == readBytes("\(folder)/killed.\(name)"), "\(name)")
      }
      let other = try CommandTests.kakudai(
        arguments: Self.arguments(folder, output: "killed.safetensors", degradation: degradation) + [
          "--resume", "--seed", "7",
        ])
      #expect(other.status == 1 && other.errors.contains("was made with seed 1, not 7"), "\(other)")
    }
  }

  @Test func `a network learns what its teacher makes of the pictures`() throws {
    try withTemporaryFolder { folder in
      try Self.writePictures(to: folder)
      let arguments = Self.arguments(folder, output: "taught.safetensors")
      let taught = try CommandTests.kakudai(arguments: arguments + ["--teacher", "bilinear"])
      #expect(taught.status == 0, "\(taught)")
      #expect(
        try CommandTests.kakudai(arguments: Self.arguments(folder, output: "own.safetensors")).status == 0)
      #expect(try readBytes("\(folder)/taught.safetensors") != readBytes("\(folder)/own.safetensors"))
      let other = try CommandTests.kakudai(arguments: arguments + ["--resume", "--teacher", "fast"])
      #expect(other.status == 1 && other.errors.contains("was made with teacher bilinear, not fast"), "\(other)")
      let missing = try CommandTests.kakudai(arguments: arguments + ["--teacher", "none.safetensors"])
      #expect(missing.status == 1 && missing.errors.contains("none.safetensors"), "\(missing)")
      let photo = try CommandTests.kakudai(arguments: arguments + ["--teacher", "fast", "--degradation", "photo"])
      #expect(photo.status == 2 && photo.errors.contains("--teacher"), "\(photo)")
    }
  }

  @Test func `what a training leaves is a picture of it, and weights for all other commands`() throws {
    try withTemporaryFolder { folder in
      try Self.writePictures(to: folder)
      let whole = try CommandTests.kakudai(arguments: Self.arguments(folder, output: "whole.safetensors"))
      #expect(whole.status == 0, "\(whole)")
      let samples = try Image(contentsOf: "\(folder)/whole.samples.png")
      #expect(samples.width == 3 * (64 + 12) + 12 && samples.height == 30 + 56 + 12)
      #expect(try Image(contentsOf: "\(folder)/whole.curve.png").width == 840)
      let events = names(in: "\(folder)/whole.events")
      #expect(events.count == 1 && events[0].hasPrefix("events.out.tfevents."))
      #expect(
        try readBytes("\(folder)/whole.events/\(events[0])").contains(sequence: Array("PSNR of held-out".utf8)))
      let clean = try CommandTests.kakudai(
        arguments: Self.arguments(folder, output: "whole.safetensors", degradation: "photo") + ["--resume"])
      #expect(
        clean.status == 1 && clean.errors.contains("was made with degradation as usual, not photo"), "\(clean)")

      let enlarged = try CommandTests.kakudai(
        "upscale", "\(folder)/0.png", "-o", "\(folder)/big.png", "-m", "\(folder)/whole.safetensors")
      #expect(enlarged.status == 0 && enlarged.errors.contains("128 × 112 pixels"), "\(enlarged)")
      let exported = try CommandTests.kakudai(
        "export", "\(folder)/whole.safetensors.checkpoint", "-o", "\(folder)/half.safetensors", "--type", "f16")
      #expect(
        exported.status == 0 && exported.errors.contains("kakudai-separable ×2, 19297 parameters as f16"),
        "\(exported)")
      let mean = try CommandTests.kakudai(
        "export", "\(folder)/whole.safetensors", "\(folder)/whole.safetensors.checkpoint", "-o",
        "\(folder)/mean.safetensors")
      #expect(mean.status == 0 && mean.errors.contains("kakudai-separable ×2, 19297 parameters as f32"), "\(mean)")
      let sizes = try ["whole", "half"].map { try readBytes("\(folder)/\($0).safetensors").count }
      #expect(sizes[1] < sizes[0] * 11 / 20, "\(sizes)")
      let begun = try CommandTests.kakudai(
        arguments: Self.arguments(folder, output: "three.safetensors") + [
          "--from", "\(folder)/half.safetensors", "-s", "3", "--steps", "2",
        ])
      #expect(begun.status == 0, "\(begun)")
      #expect(
        try CommandTests.kakudai("inspect", "\(folder)/three.safetensors").output.contains("kakudai-separable ×3"))

      // The checkpoint of the last step is judged as the weights that were written.
      let judged = try ["whole.safetensors", "whole.safetensors.checkpoint"].map {
        try CommandTests.kakudai("evaluate", "--data", folder, "-m", "\(folder)/\($0)")
      }
      #expect(judged[0].status == 0 && judged[0].output == judged[1].output, "\(judged)")
    }
  }

  @Test func `what cannot be trained is said in one sentence`() throws {
    try withTemporaryFolder { folder in
      let empty = try CommandTests.kakudai(arguments: Self.arguments(folder, output: "a.safetensors"))
      #expect(empty.status == 1 && empty.errors.contains("there is no picture in \(folder)"), "\(empty)")
      try Image(colour: .uniform([1, 3, 8, 8])).write(to: "\(folder)/small.png")
      let small = try CommandTests.kakudai(arguments: Self.arguments(folder, output: "a.safetensors"))
      #expect(small.status == 1 && small.errors.contains("large enough for crops of 8"), "\(small)")
      let unknown = try CommandTests.kakudai(
        arguments: Self.arguments(folder, output: "a.safetensors") + ["--network", "huge"])
      #expect(unknown.status == 1 && unknown.errors.contains("there is no model named huge"), "\(unknown)")
    }
  }
}
