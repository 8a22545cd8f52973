import Foundation
import KakudaiImages
import KakudaiTensors
import TestSupport
import Testing

/// The program as a user calls it: files, messages, exit codes.
struct CommandTests {
  struct Outcome {
    var status: Int32
    var output: String
    var errors: String
  }

  /// Runs the program that was built beside these tests.
  static func kakudai(_ arguments: String...) throws -> Outcome { try kakudai(arguments: arguments) }

  /// The program that was built beside these tests, ready to run.
  static func process(_ arguments: String...) -> Process {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: CommandLine.arguments[0]).deletingLastPathComponent()
      .appendingPathComponent("kakudai")
    process.arguments = arguments
    return process
  }

  static func kakudai(arguments: [String]) throws -> Outcome {
    let process = process()
    process.arguments = arguments
    let (output, errors) = (Pipe(), Pipe())
    (process.standardOutput, process.standardError) = (output, errors)
    process.standardInput = FileHandle.nullDevice
    try process.run()
    let text = output.fileHandleForReading.readDataToEndOfFile()
    let messages = errors.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    return Outcome(
      status: process.terminationStatus, output: String(decoding: text, as: UTF8.self),
      errors: String(decoding: messages, as: UTF8.self))
  }

  static let picture = Image(colour: .uniform([1, 3, 12, 17]))

  @Test func `a picture is enlarged, and not twice`() throws {
    try withTemporaryFolder { folder in
      let (input, output) = ("\(folder)/ein Bild 拡大.png", "\(folder)/groß.png")
      try Self.picture.write(to: input)
      let first = try Self.kakudai("upscale", input, "-o", output, "-s", "3")
      #expect(first.status == 0 && first.errors.contains("51 × 36 pixels"), "\(first)")
      #expect(try Image(contentsOf: output).width == 51)
      let again = try Self.kakudai("upscale", input, "-o", output)
      #expect(again.status == 0 && again.errors.contains("is there already"))
      #expect(try Image(contentsOf: output).width == 51)
      #expect(try Self.kakudai("upscale", input, "-o", output, "--overwrite", "--quiet").errors.isEmpty)
      #expect(try Image(contentsOf: output).width == 34)
    }
  }

  @Test func `one model is measured alone, and one that there is not refused`() throws {
    let one = try Self.kakudai("bench", "-n", "bicubic", "-j", "1")
    #expect(one.status == 0 && one.output.contains("bicubic ") && !one.output.contains("fine"), "\(one)")
    let none = try Self.kakudai("bench", "-m", "none.safetensors")
    #expect(none.status == 1 && none.errors.contains("none.safetensors"), "\(none)")
  }

  @Test(arguments: ["nearest", "bilinear", "bicubic", "lanczos", "transposed-bicubic", "fast"])
  func `every built-in model reaches the size asked for`(model: String) throws {
    try withTemporaryFolder { folder in
      try Self.picture.write(to: "\(folder)/a.png")
      let outcome = try Self.kakudai(
        "upscale", "\(folder)/a.png", "-o", "\(folder)/b.tif", "-n", model, "--width", "40", "--json")
      #expect(
        outcome.status == 0 && outcome.output.contains("\"width\":40") && outcome.output.contains("\"height\":28"))
    }
  }

  @Test func `a folder in gives a folder out, and a bad file does not stop the others`() throws {
    try withTemporaryFolder { folder in
      for name in ["a.png", "c.png"] { try Self.picture.write(to: "\(folder)/\(name)") }
      try writeBytes(Array("no picture".utf8), to: "\(folder)/b.png")
      let output = FileManager.default.temporaryDirectory.appendingPathComponent("kakudai-\(UUID())").path
      defer { try? FileManager.default.removeItem(atPath: output) }
      let outcome = try Self.kakudai("upscale", folder, "-o", output)
      #expect(outcome.status == 1)
      #expect(outcome.errors.contains("b.png cannot be read as a picture: it is in no format that is known here"))
      #expect(outcome.errors.contains("1 of 3 pictures failed"))
      #expect(names(in: output) == ["a.png", "c.png"])
    }
  }

  @Test func `bad files are one sentence, exit code 1, and no output`() throws {
    try withTemporaryFolder { folder in
      try writeBytes([], to: "\(folder)/empty.png")
      try Self.picture.write(to: "\(folder)/whole.png")
      try writeBytes(Array(try readBytes("\(folder)/whole.png").prefix(300)), to: "\(folder)/cut.png")
      let before = names(in: folder)
      for input in ["empty.png", "cut.png", "missing.png"] {
        let outcome = try Self.kakudai("upscale", "\(folder)/\(input)", "-o", "\(folder)/out.png")
        #expect(outcome.status == 1, "\(input)")
        #expect(
          outcome.errors.hasPrefix("kakudai: \(folder)/\(input) cannot be read as a picture"), "\(outcome.errors)")
        #expect(outcome.errors.split(separator: "\n").count == 1)
      }
      for arguments in [
        ["-o", "\(folder)/out.xyz"], ["-o", "\(folder)/no/out.png"], ["-o", "\(folder)/o.png", "-n", "magic"],
        ["-o", "\(folder)/o.png", "-m", "\(folder)/whole.png"],
        ["-o", "\(folder)/o.jpg", "-s", "64", "--max-memory", "1M"],
        ["-o", "\(folder)/o.jpg", "--width", "66000"],
      ] {
        let outcome = try Self.kakudai(arguments: ["upscale", "\(folder)/whole.png"] + arguments)
        #expect(outcome.status == 1 && outcome.errors.split(separator: "\n").count == 1, "\(arguments) \(outcome)")
      }
      #expect(names(in: folder) == before)
    }
  }

  @Test(arguments: [
    ["upscale"], ["upscale", "a.png"], ["upscale", "a.png", "-o", "b.png", "-s", "0"],
    ["upscale", "a.png", "-o", "b.png", "-s", "2", "--width", "3"], ["upscale", "a.png", "-o", "b.png", "-q", "0"],
    ["upscale", "a.png", "-o", "b.png", "-j", "0"], ["upscale", "a.png", "-o", "b.png", "-n", "x", "-m", "y"],
    ["explain"], ["explain", "-k", "0"], ["explain", "-k", "3by3"], ["nonsense"], ["compare", "a"],
  ]) func `wrong usage ends with 2`(arguments: [String]) throws {
    let outcome = try Self.kakudai(arguments: arguments)
    #expect(outcome.status == 2 && !outcome.errors.isEmpty, "\(outcome)")
  }

  @Test func `comparing, explaining, listing and inspecting`() throws {
    try withTemporaryFolder { folder in
      try Self.picture.write(to: "\(folder)/a.png")
      let equal = try Self.kakudai("compare", "\(folder)/a.png", "\(folder)/a.png")
      #expect(equal.output == "PSNR ∞ dB\nSSIM 1.0000\n")
      let explained = try Self.kakudai("explain", "-k", "3", "-s", "2", "-o", "\(folder)/e.png")
      #expect(explained.status == 0 && explained.output.contains("Warning: checkerboard"))
      #expect(try Image(contentsOf: "\(folder)/e.png").width > 200)
      #expect(try Self.kakudai("explain", "-k", "1", "-p", "2", "-i", "1").status == 1)
      let models = try Self.kakudai("models")
      #expect(models.status == 0 && models.output.contains("multiply-adds per pixel"), "\(models)")
      #expect(try Self.kakudai("models", "--json").output.contains("\"name\":\"transposed-bicubic\",\"networks\":[]"))
      #expect(try Self.kakudai("inspect", "\(folder)/a.png").status == 1)
    }
  }
}
