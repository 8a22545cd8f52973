import Foundation
import KakudaiImages
import KakudaiLayers
import KakudaiModels
import KakudaiTensors
import KakudaiWeights
import TestSupport
import Testing

/// What `kakudai upscale` promises about pictures that flow through it.
struct UpscaleCommandTests {
  @Test func `rows that flow give the picture that the library gives, alpha and 16 bits included`() throws {
    try withTemporaryFolder { folder in
      var alpha = Tensor.ones([1, 1, 150, 21])
      alpha.withUnsafeMutableBufferPointer { for index in 700..<2500 { $0[index] = index % 3 == 0 ? 0.5 : 0 } }
      for (name, image) in [
        ("colours.png", Image(colour: .uniform([1, 3, 150, 21]), alpha: alpha)),
        ("grey.tif", Image(colour: .uniform([1, 1, 40, 70]), bitsPerSample: 16)),
      ] {
        let (input, output) = ("\(folder)/\(name)", "\(folder)/large-\(name)")
        try image.write(to: input)
        let outcome = try CommandTests.kakudai("upscale", input, "-o", output, "-s", "2.5", "-j", "2")
        #expect(outcome.status == 0, "\(outcome)")
        let (small, large) = (try Image(contentsOf: input), try Image(contentsOf: output))
        #expect(large.bitsPerSample == image.bitsPerSample)
        let size = PerAxis(height: large.height, width: large.width)
        let expected = try Upscaler(UpscalingModel.builtIn[0])(small.colourBledUnderAlpha(), to: size)
        let step: Float = image.bitsPerSample == 8 ? 1 / 255 : 1 / 65535
        for (left, right) in zip(large.colour.elements, expected.elements) { #expect(abs(left - right) <= 0.51 * step) }
        #expect((large.alpha != nil) == (image.alpha != nil))
      }
    }
  }

  @Test func `a network that gives no picture is an error, and leaves no file`() throws {
    try withTemporaryFolder { folder in
      try Image(colour: Tensor(repeating: 0.5, shape: [1, 1, 9, 30])).write(to: "\(folder)/grey.png")
      for (value, message) in [(Float.nan, "not numbers"), (0, "nothing but black")] {
        var network = FSRCNN(scale: 2, features: 2, shrunk: 1, mappings: 1)
        network.enlargement.weight = Tensor(repeating: value, shape: network.enlargement.weight.shape)
        network.enlargement.bias = .zeros([1])
        try network.save(to: "\(folder)/net.safetensors", metadata: network.metadata)
        let outcome = try CommandTests.kakudai(
          "upscale", "\(folder)/grey.png", "-o", "\(folder)/large.png", "-m", "\(folder)/net.safetensors")
        #expect(outcome.status == 1 && outcome.errors.contains(message), "\(outcome)")
        #expect(outcome.errors.split(separator: "\n").count == 1)
        #expect(names(in: folder) == ["grey.png", "net.safetensors"])
      }
    }
  }

  @Test func `a dry run says what would be made, and what it takes`() throws {
    try withTemporaryFolder { folder in
      try CommandTests.picture.write(to: "\(folder)/a.png")
      let outcome = try CommandTests.kakudai("upscale", "\(folder)/a.png", "-o", "\(folder)/b.webp", "--dry-run")
      #expect(outcome.status == 0)
      #expect(outcome.errors.contains("34 × 24 pixels, about") && outcome.errors.contains("WebP is encoded whole"))
      #expect(names(in: folder) == ["a.png"])
      let table = try CommandTests.kakudai("upscale", "\(folder)/a.png", "-o", "\(folder)/b.png", "--dry-run", "-v")
      #expect(table.errors.contains("rows kept") && table.errors.contains("(1, 3, 24, 34)"), "\(table)")
    }
  }

  @Test func `a dry run of an enormous enlargement computes a small part of it`() throws {
    try withTemporaryFolder { folder in
      try CommandTests.picture.write(to: "\(folder)/a.png")
      let outcome = try CommandTests.kakudai(
        "upscale", "\(folder)/a.png", "-o", "\(folder)/b.jpg", "-n", "nearest", "--width", "65500", "--dry-run")
      #expect(outcome.status == 0 && outcome.errors.contains("65500 × 46235 pixels"), "\(outcome)")
    }
  }

  @Test func `fewer threads run where memory is short`() throws {
    try withTemporaryFolder { folder in
      try Image(colour: .uniform([1, 3, 120, 2000])).write(to: "\(folder)/a.png")
      func megabytes(_ limit: String) throws -> Int {
        let outcome = try CommandTests.kakudai(
          "upscale", "\(folder)/a.png", "-o", "\(folder)/b.png", "--dry-run", "--json", "-n", "fast", "-j", "20",
          "--max-memory", limit)
        #expect(outcome.status == 0, "\(outcome)")
        return try #require(outcome.output.firstMatch(of: /"megabytes":(\d+)/).flatMap { Int($0.1) })
      }
      #expect(try megabytes("4G") > 130 && megabytes("110M") <= 110)
      let outcome = try CommandTests.kakudai(
        "upscale", "\(folder)/a.png", "-o", "\(folder)/b.png", "-n", "fast", "-j", "20", "--max-memory", "110M")
      #expect(outcome.status == 0 && names(in: folder) == ["a.png", "b.png"], "\(outcome)")
    }
  }

  @Test func `a process that is killed leaves no file`() throws {
    try withTemporaryFolder { folder in
      try Image(colour: .uniform([1, 3, 1500, 2000])).write(to: "\(folder)/a.png")
      let process = CommandTests.process("upscale", "\(folder)/a.png", "-o", "\(folder)/b.png")
      process.standardError = FileHandle.nullDevice
      try process.run()
      usleep(300_000)
      kill(process.processIdentifier, SIGKILL)
      process.waitUntilExit()
      #expect(process.terminationReason == .uncaughtSignal, "it had ended already")
      #if os(Linux)
      #expect(names(in: folder) == ["a.png"])
      #else
      #expect(!names(in: folder).contains("b.png"))
      #endif
    }
  }

  @Test(arguments: ["png", "jpg", "webp", "tif"])
  func `a full disk is one sentence, and leaves no file`(format: String) throws {
    try withTemporaryFolder { folder in
      try Image(colour: .uniform([1, 3, 100, 300])).write(to: "\(folder)/a.png")
      let shell = Process()
      shell.executableURL = URL(fileURLWithPath: "/bin/sh")
      let program = try #require(CommandTests.process().executableURL?.path)
      // No file may be larger than 8 blocks, which is as if the disk were full.
      shell.arguments = ["-c", "ulimit -f 8; \(program) upscale \(folder)/a.png -o \(folder)/b.\(format)"]
      let errors = Pipe()
      shell.standardError = errors
      try shell.run()
      let message = String(decoding: errors.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
      shell.waitUntilExit()
      #expect(shell.terminationStatus == 1 && message.contains("b.\(format) cannot be written"), "\(message)")
      #expect(message.contains(String(cString: strerror(EFBIG))), "\(message)")
      #expect(message.split(separator: "\n").count == 1 && names(in: folder) == ["a.png"], "\(message)")
    }
  }

  @Test func `what is no file is not replaced`() throws {
    try withTemporaryFolder { folder in
      try CommandTests.picture.write(to: "\(folder)/a.png")
      let outcome = try CommandTests.kakudai(
        "upscale", "\(folder)/a.png", "-o", "/dev/null", "-f", "png", "--overwrite")
      #expect(outcome.status == 1 && outcome.errors.contains("something that is no file"), "\(outcome)")
    }
  }

  @Test func `a pipe that is closed early is one sentence`() throws {
    try withTemporaryFolder { folder in
      try Image(colour: .uniform([1, 3, 200, 300])).write(to: "\(folder)/a.png")
      let process = CommandTests.process("upscale", "\(folder)/a.png", "-o", "-")
      let (output, errors) = (Pipe(), Pipe())
      (process.standardOutput, process.standardError) = (output, errors)
      try output.fileHandleForReading.close()
      try process.run()
      let message = String(decoding: errors.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
      process.waitUntilExit()
      #expect(process.terminationStatus == 1 && message.contains("standard output"), "\(message)")
    }
  }
}
