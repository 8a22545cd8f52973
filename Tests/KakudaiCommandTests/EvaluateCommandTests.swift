import Foundation
import KakudaiImages
import KakudaiTensors
import TestSupport
import Testing

/// `kakudai evaluate` as a user calls it.
struct EvaluateCommandTests {
  static func picture(_ seed: UInt64, height: Int, width: Int) -> Image {
    withRandomSeed(seed) { Image(colour: .uniform([1, 3, height, width])) }
  }

  @Test func `large pictures alone are reduced first, and the mean is that of the pictures`() throws {
    try withTemporaryFolder { folder in
      try Self.picture(1, height: 41, width: 50).write(to: "\(folder)/a.png")
      try Self.picture(2, height: 44, width: 47).write(to: "\(folder)/b.png")
      let outcome = try CommandTests.kakudai("evaluate", "--data", folder, "-s", "3", "-n", "lanczos", "--json")
      #expect(outcome.status == 0 && outcome.errors.isEmpty, "\(outcome)")
      let report = try #require(
        try JSONSerialization.jsonObject(with: Data(outcome.output.utf8)) as? [String: Any])
      let pictures = try #require(report["pictures"] as? [[String: Any]])
      #expect(pictures.map { $0["name"] as? String } == ["a", "b"])
      let mean = try #require((report["mean"] as? [String: Any])?["psnr"] as? Double)
      let values = pictures.compactMap { $0["psnr"] as? Double }
      #expect(values.count == 2 && abs(mean - values.reduce(0, +) / 2) < 1e-9)
      #expect(pictures.allSatisfy { $0["bicubicPSNR"] as? Double != $0["psnr"] as? Double })
    }
  }

  @Test func `pairs are found by their names or by their folders, and judged alike`() throws {
    try withTemporaryFolder { folder in
      let (large, small) = (Self.picture(3, height: 40, width: 32), Self.picture(4, height: 20, width: 16))
      try large.write(to: "\(folder)/one_HR.png")
      try small.write(to: "\(folder)/one_LR.png")
      let byName = try CommandTests.kakudai("evaluate", "--data", folder, "-n", "bicubic")
      #expect(byName.status == 0 && byName.output.contains("mean of 1"), "\(byName)")
      let row = try #require(byName.output.split(separator: "\n").first { $0.hasPrefix("one") })
      let numbers = row.split(separator: " ").dropFirst().map(String.init)
      #expect(numbers.count == 4 && numbers[0] == numbers[2] && numbers[1] == numbers[3], "\(row)")

      let folders = FileManager.default.temporaryDirectory.appendingPathComponent("kakudai-\(UUID())")
      defer { try? FileManager.default.removeItem(at: folders) }
      for name in ["HR", "LR"] {
        try FileManager.default.createDirectory(
          at: folders.appendingPathComponent(name), withIntermediateDirectories: true)
      }
      try large.write(to: folders.path + "/HR/one.png")
      try small.write(to: folders.path + "/LR/onex2.png")
      #expect(try CommandTests.kakudai("evaluate", "--data", folders.path, "-n", "bicubic").output == byName.output)

      try small.write(to: folders.path + "/HR/two.png")
      let missing = try CommandTests.kakudai("evaluate", "--data", folders.path)
      #expect(missing.status == 1 && missing.errors.contains("two.png has no small picture named two"), "\(missing)")
      let wrongScale = try CommandTests.kakudai("evaluate", "--data", folder, "-s", "3")
      #expect(
        wrongScale.status == 1 && wrongScale.errors.contains("which is not")
          && wrongScale.errors.contains("divided by 3"),
        "\(wrongScale)")
    }
  }

  @Test func `a folder without pictures is one sentence`() throws {
    try withTemporaryFolder { folder in
      let outcome = try CommandTests.kakudai("evaluate", "--data", folder)
      #expect(outcome.status == 1 && outcome.errors == "kakudai: there is no picture in \(folder)\n", "\(outcome)")
    }
  }
}
