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
