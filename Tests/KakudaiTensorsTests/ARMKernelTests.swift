#if canImport(Glibc)
import Glibc
import TestSupport
import Testing

/// The kernels for 64-bit ARM, compiled and run in an emulator where this machine is another.
struct ARMKernelTests {
  static let canEmulate =
    access("/usr/bin/qemu-aarch64", X_OK) == 0 && access("/usr/aarch64-linux-gnu/lib/libc.a", R_OK) == 0

  @Test(.enabled(if: canEmulate, "needs qemu-user, gcc-aarch64-linux-gnu and libc6-dev-arm64-cross"))
  func `the kernels for ARM give the plain sums`() throws {
    let script = #filePath.split(separator: "/").dropLast(3).map { "/" + $0 }.joined() + "/Scripts/test-neon"
    try withTemporaryFolder { folder in
      let pipe = try #require(popen("'\(script)' '\(folder)' 2>&1", "r"))
      var printed = ""
      var line = [CChar](repeating: 0, count: 512)
      while fgets(&line, Int32(line.count), pipe) != nil {
        printed += String(decoding: line.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
      }
      let status = pclose(pipe)
      #expect(status == 0 && printed.contains("neon: ") && !printed.contains("neon: 0 cases"), "\(printed)")
    }
  }
}
#endif
