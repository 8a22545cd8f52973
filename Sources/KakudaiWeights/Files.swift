#if canImport(Glibc)
import Glibc
#elseif canImport(Darwin)
import Darwin
#endif

/// The system's words for the last failure.
private var lastFailure: String { String(cString: strerror(errno)) }

/// All bytes of a file.
func readFile(_ path: String) throws(WeightsError) -> [UInt8] {
  let descriptor = open(path, O_RDONLY)
  guard descriptor >= 0 else { throw .unreadable(path: path, reason: lastFailure) }
  defer { close(descriptor) }
  var status = stat()
  guard fstat(descriptor, &status) == 0 else { throw .unreadable(path: path, reason: lastFailure) }
  guard status.st_mode & S_IFMT != S_IFDIR else { throw .unreadable(path: path, reason: "it is a folder") }
  var failure: String?
  let bytes = [UInt8](unsafeUninitializedCapacity: Int(status.st_size)) { buffer, count in
    while count < buffer.count {
      let amount = read(descriptor, buffer.baseAddress! + count, buffer.count - count)
      if amount < 0 { failure = lastFailure }
      guard amount > 0 else { break }
      count += amount
    }
  }
  if let failure { throw .unreadable(path: path, reason: failure) }
  return bytes
}

/// Writes a file under a temporary name in the same folder and renames it, so that a half-written file never exists under
/// `path`.
func writeFile(_ path: String, _ contents: [UInt8]) throws(WeightsError) {
  let temporary = "\(path).\(getpid()).tmp"
  let descriptor = open(temporary, O_WRONLY | O_CREAT | O_TRUNC, 0o666)
  guard descriptor >= 0 else { throw .unwritable(path: path, reason: lastFailure) }
  var failure: String?
  contents.withUnsafeBytes { contents in
    var written = 0
    while written < contents.count && failure == nil {
      let amount = write(descriptor, contents.baseAddress! + written, contents.count - written)
      if amount > 0 { written += amount } else { failure = lastFailure }
    }
  }
  if failure == nil && fsync(descriptor) != 0 { failure = lastFailure }
  if close(descriptor) != 0 && failure == nil { failure = lastFailure }
  if failure == nil && rename(temporary, path) != 0 { failure = lastFailure }
  if let failure {
    unlink(temporary)
    throw .unwritable(path: path, reason: failure)
  }
}
