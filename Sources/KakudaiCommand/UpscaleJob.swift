import Foundation
import KakudaiImages

/// One picture to enlarge, and where it goes.
struct UpscaleJob {
  var input: String
  var output: String
  var format: ImageFormat?

  /// What a folder is searched for.
  private static let extensions: Set<String> = [
    "png", "jpg", "jpeg", "webp", "tif", "tiff", "gif", "bmp", "ppm", "pgm", "heic", "avif",
  ]

  /// Files go to the output, or into it where it is a folder; folders keep their inner structure.
  static func all(
    inputs: [String], output: String, format: ImageFormat?, isRecursive: Bool
  ) throws(PathError) -> [UpscaleJob] {
    let manager = FileManager.default
    func isFolder(_ path: String) -> Bool {
      var isFolder: ObjCBool = false
      return manager.fileExists(atPath: path, isDirectory: &isFolder) && isFolder.boolValue
    }
    let goesIntoFolder =
      inputs.count > 1 || output.hasSuffix("/") || isFolder(output) || inputs.contains(where: isFolder)
    guard goesIntoFolder else {
      guard output == "-" || format != nil || ImageFormat(fileName: output) != nil else {
        throw PathError(description: "\(output): pictures are written as .png, .jpg, .webp or .tif; -f chooses")
      }
      return [UpscaleJob(input: inputs[0], output: output, format: format ?? (output == "-" ? .png : nil))]
    }
    guard output != "-" else { throw PathError(description: "several pictures do not fit into standard output") }
    var jobs: [UpscaleJob] = []
    for input in inputs {
      let names: [String?] = isFolder(input) ? names(in: input, isRecursive: isRecursive) : [nil]
      for name in names {
        let source = name.map { "\(input)/\($0)" } ?? input
        let relative = name ?? (input as NSString).lastPathComponent
        let fallback = ImageFormat(fileName: relative) == nil ? ImageFormat.png : nil
        let chosen = format ?? fallback
        let target = chosen.map { (relative as NSString).deletingPathExtension + "." + $0.fileExtension } ?? relative
        jobs.append(UpscaleJob(input: source, output: "\(output)/\(target)", format: chosen))
      }
    }
    var seen: [String: String] = [:]
    for job in jobs {
      if let other = seen.updateValue(job.input, forKey: job.output) {
        throw PathError(description: "\(other) and \(job.input) would both become \(job.output)")
      }
    }
    guard !jobs.isEmpty else {
      throw PathError(description: "there is no picture in \(inputs.joined(separator: ", "))")
    }
    do {
      for folder in Set(jobs.map { ($0.output as NSString).deletingLastPathComponent }) {
        try manager.createDirectory(atPath: folder, withIntermediateDirectories: true)
      }
    } catch {
      throw PathError(description: "\(output) cannot be made a folder: \(error.localizedDescription)")
    }
    return jobs
  }

  static func names(in folder: String, isRecursive: Bool) -> [String] {
    let all =
      isRecursive
      ? FileManager.default.subpaths(atPath: folder) ?? []
      : (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
    return all.filter { extensions.contains(($0 as NSString).pathExtension.lowercased()) }.sorted()
  }
}
