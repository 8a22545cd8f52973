#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#elseif canImport(Darwin)
import Darwin
#endif

/// A file that appears under its name when it is complete, or not at all.
///
/// Where the file system can, it has no name before, so that nothing is left of it however the process ends; else it has
/// one beside its own.
final class OutputFile {
  /// For reading and writing.
  let descriptor: Int32
  private let path: String
  /// The name it has before it is published, if any.
  private var temporary: String?

  init(path: String) throws(ImageError) {
    var status = stat()
    guard stat(path, &status) != 0 || status.st_mode & S_IFMT == S_IFREG else {
      throw .unwritable(path: path, reason: "there is something that is no file")
    }
    self.path = path
    #if os(Linux)
    let slash = path.lastIndex(of: "/")
    let folder = slash.map { $0 == path.startIndex ? "/" : String(path[..<$0]) } ?? "."
    let unnamed = open(folder, O_RDWR | O_CLOEXEC | withoutName, 0o666)
    // It gets its name by way of /proc, which a sandbox may lack.
    if unnamed >= 0 && access("/proc/self/fd/\(unnamed)", F_OK) == 0 {
      descriptor = unnamed
      return
    }
    if unnamed >= 0 { close(unnamed) }
    #endif
    let name = OutputFile.name(beside: path)
    descriptor = open(name, O_RDWR | O_CLOEXEC | O_CREAT | O_TRUNC, 0o666)
    guard descriptor >= 0 else { throw .unwritable(path: path, reason: lastFailure) }
    temporary = name
  }

  deinit {
    if let temporary { unlink(temporary) }
    close(descriptor)
  }

  /// Gives the finished file its name; `nil` when it worked, else why not.
  func publish() -> String? {
    guard fsync(descriptor) == 0 else { return lastFailure }
    if temporary == nil {
      // Links do not replace what is there; this name exists for a moment only.
      let name = OutputFile.name(beside: path)
      unlink(name)
      let link = linkat(AT_FDCWD, "/proc/self/fd/\(descriptor)", AT_FDCWD, name, AT_SYMLINK_FOLLOW)
      guard link == 0 else { return lastFailure }
      temporary = name
    }
    guard let temporary, rename(temporary, path) == 0 else { return lastFailure }
    self.temporary = nil
    return nil
  }

  /// A name that no other process uses.
  private static func name(beside path: String) -> String { "\(path).\(getpid()).tmp" }
}

#if os(Linux)
/// `O_TMPFILE`, which Swift does not import.
private let withoutName = 0o20000000 | O_DIRECTORY
#endif
