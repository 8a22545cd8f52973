#if canImport(Glibc)
import Glibc
#elseif canImport(Darwin)
import Darwin
#endif

/// The system's words for the last failure.
var lastFailure: String { String(cString: strerror(errno)) }

/// Why a file cannot be opened or is no picture for sure, before a decoder sees it.
func reasonNotToOpen(_ path: String) -> String? {
  var status = stat()
  guard stat(path, &status) == 0 else { return lastFailure }
  if status.st_mode & S_IFMT == S_IFDIR { return "it is a folder" }
  if status.st_mode & S_IFMT == S_IFREG && status.st_size == 0 { return "it is empty" }
  return access(path, R_OK) == 0 ? nil : lastFailure
}

/// A name beside `path` that no other process uses.
func temporaryName(for path: String) -> String { "\(path).\(getpid()).tmp" }

/// Gives a finished file its name; `nil` when it worked, else why not.
func publish(_ temporary: String, as path: String) -> String? {
  let descriptor = open(temporary, O_RDONLY)
  guard descriptor >= 0 else { return lastFailure }
  let isSafe = fsync(descriptor) == 0
  let reason = lastFailure
  close(descriptor)
  guard isSafe else { return reason }
  return rename(temporary, path) == 0 ? nil : lastFailure
}

func remove(_ path: String) { unlink(path) }
