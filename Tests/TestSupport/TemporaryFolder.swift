#if canImport(Glibc)
import Glibc
#elseif canImport(Darwin)
import Darwin
#endif

/// Runs `body` with the path of an empty folder that is removed afterwards.
package func withTemporaryFolder<Result>(_ body: (String) throws -> Result) rethrows -> Result {
  var template = Array("/tmp/kakudai-test-XXXXXX".utf8CString)
  guard mkdtemp(&template) != nil else { fatalError("no temporary folder can be made") }
  let path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
  defer { remove(folder: path) }
  return try body(path)
}

private func remove(folder: String) {
  for name in names(in: folder) where unlink("\(folder)/\(name)") != 0 { remove(folder: "\(folder)/\(name)") }
  rmdir(folder)
}

/// The names of the files in a folder.
package func names(in folder: String) -> [String] {
  guard let stream = opendir(folder) else { return [] }
  defer { closedir(stream) }
  var names: [String] = []
  while let entry = readdir(stream) {
    let name = withUnsafePointer(to: &entry.pointee.d_name) {
      $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
    }
    if name != "." && name != ".." { names.append(name) }
  }
  return names.sorted()
}
