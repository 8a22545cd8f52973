import Foundation
import KakudaiImages
import KakudaiTensors
import TestSupport
import Testing

#if os(Linux)
/// What the kernel says of the memory of the program while it enlarges a picture.
struct UpscaleMemoryTests {
  /// The most bytes that were resident at once. What a parent is told when a process has ended includes its own memory.
  private static func residentBytes(_ arguments: String...) throws -> Int {
    let process = CommandTests.process()
    process.arguments = arguments
    try process.run()
    var kilobytes = 0
    while process.isRunning {
      let status = (try? String(contentsOfFile: "/proc/\(process.processIdentifier)/status", encoding: .utf8)) ?? ""
      kilobytes = status.firstMatch(of: /VmHWM:\s*(\d+)/).flatMap { Int($0.1) } ?? kilobytes
      usleep(5000)
    }
    #expect(process.terminationStatus == 0 && kilobytes > 0)
    return kilobytes << 10
  }

  @Test(arguments: ["png", "tif"])
  func `memory does not grow with the height of a picture, and is what a dry run says`(format: String) throws {
    try withTemporaryFolder { folder in
      let output = "\(folder)/large.\(format)"
      func bytes(height: Int) throws -> Int {
        let input = "\(folder)/\(height).png"
        let writer = try ImageWriter(path: input, layout: ImageLayout(width: 400, height: height, colours: 3))
        let rows = Tensor.uniform([3, 200, 400])
        try rows.withUnsafeBufferPointer { rows in
          for _ in 0..<height / 200 { try writer.write(rows: 200, from: rows) }
        }
        try writer.finish()
        return try Self.residentBytes("upscale", input, "-o", output, "--overwrite", "-j", "2", "--quiet")
      }
      let (low, high) = (try bytes(height: 400), try bytes(height: 4000))
      // The taller picture takes 22 MB more in 8 bits.
      #expect(high - low < 6 << 20, "\(low >> 20) and \(high >> 20) MB")
      let report = try CommandTests.kakudai("upscale", "\(folder)/4000.png", "-o", output, "--dry-run", "--json")
      let estimate = try #require(report.output.firstMatch(of: /"megabytes":(\d+)/).flatMap { Int($0.1) })
      #expect(high >> 20 <= estimate * 5 / 4, "\(high >> 20) of \(estimate) MB")
    }
  }
}
#endif
