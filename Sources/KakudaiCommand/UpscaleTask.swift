import Foundation
import KakudaiImages
import KakudaiModels
import KakudaiTensors

/// What is done to every picture of one call.
struct UpscaleTask {
  var upscaler: Upscaler
  var scale: Double?
  var width: Int?
  var height: Int?
  var quality: Int
  var mostBytes: Int

  func run(_ job: UpscaleJob) throws -> UpscaleReport {
    let start = ContinuousClock.now
    let reader = try open(job.input)
    let size = try target(reader.layout)
    let bytes = upscaler.memory(
      from: PerAxis(height: reader.layout.height, width: reader.layout.width), channels: reader.layout.channels,
      to: size)
    if bytes > mostBytes {
      throw ModelError.impossibleSize(
        "\(job.input) needs about \(bytes >> 20) MB to become \(size.width) × \(size.height), more than the "
          + "\(mostBytes >> 20) MB that may be used")
    }
    if let format = job.format ?? ImageFormat(fileName: job.output), max(size.width, size.height) > format.largestSide {
      throw ImageError.tooLarge(path: job.output, format: format, width: size.width, height: size.height)
    }
    let image = try Image(reader)
    var enlarged = image
    enlarged.colour = try upscaler(image.colourBledUnderAlpha(), to: size)
    if let alpha = image.alpha {
      enlarged.alpha = try Upscaler(try UpscalingModel(named: "bicubic"))(alpha, to: size)
    }
    try write(enlarged, to: job)
    let seconds = (ContinuousClock.now - start) / .seconds(1)
    return UpscaleReport(
      input: job.input, output: job.output, width: enlarged.width, height: enlarged.height, seconds: seconds)
  }

  /// The size asked for; with one side given, the other keeps the proportions.
  private func target(_ layout: ImageLayout) throws -> PerAxis {
    let (inputWidth, inputHeight) = (Double(layout.width), Double(layout.height))
    let factor = scale ?? Double(upscaler.model.scale ?? 2)
    let sides: (width: Double, height: Double) =
      switch (width, height) {
      case (nil, nil): (inputWidth * factor, inputHeight * factor)
      case (let width?, nil): (Double(width), Double(width) * inputHeight / inputWidth)
      case (nil, let height?): (Double(height) * inputWidth / inputHeight, Double(height))
      case (let width?, let height?): (Double(width), Double(height))
      }
    guard sides.width < 1e9 && sides.height < 1e9 else {
      throw ModelError.impossibleSize("a picture of \(sides.width) × \(sides.height) pixels is too large to count")
    }
    return PerAxis(height: max(1, Int(sides.height.rounded())), width: max(1, Int(sides.width.rounded())))
  }

  private func open(_ path: String) throws -> ImageReader {
    guard path == "-" else { return try ImageReader(contentsOf: path) }
    return try ImageReader(bytes: Array(FileHandle.standardInput.readDataToEndOfFile()), path: "standard input")
  }

  private func write(_ image: Image, to job: UpscaleJob) throws {
    guard job.output == "-" else { return try image.write(to: job.output, format: job.format, quality: quality) }
    let temporary = FileManager.default.temporaryDirectory.appendingPathComponent(
      "kakudai-\(ProcessInfo.processInfo.processIdentifier)")
    defer { try? FileManager.default.removeItem(at: temporary) }
    try image.write(to: temporary.path, format: job.format, quality: quality)
    let bytes = try Data(contentsOf: temporary)
    try bytes.withUnsafeBytes { bytes in
      var written = 0
      while written < bytes.count {
        let count = Foundation.write(STDOUT_FILENO, bytes.baseAddress! + written, bytes.count - written)
        guard count > 0 else {
          throw ImageError.unwritable(path: "standard output", reason: String(cString: strerror(errno)))
        }
        written += count
      }
    }
  }
}

/// What became of one picture.
struct UpscaleReport: Encodable {
  var input: String
  var output: String
  var width: Int?
  var height: Int?
  var seconds: Double?
  var isSkipped: Bool?
  var error: String?

  var sentence: String {
    let duration = String(format: "%.2f", seconds ?? 0)
    return "\(output): \(width ?? 0) × \(height ?? 0) pixels, \(duration) s"
  }
}
