import Foundation
import KakudaiImages
import KakudaiInference
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
  /// Whether to print how each picture is computed.
  var printsPlan = false

  /// A picture about to be enlarged: decoder, network and encoder are known, nothing has been computed.
  struct Preparation {
    var source: PictureSource
    var plan: Plan
    var output: ImageLayout
    var format: ImageFormat
    /// As many as were asked for, or fewer, which take less memory.
    var threads: Int
    /// About how many bytes will be used at most.
    var bytes: Int
    /// What the plan may use of those that are allowed.
    var mostPlanBytes: Int

    /// What keeps the picture from flowing by rows, in words.
    var obstacles: [String] {
      (source.decodesWhole ? ["its file is decoded whole"] : [])
        + plan.wholePictureOperations.map {
          plan.runsWhole(within: mostPlanBytes)
            ? "\($0) needs the whole picture" : "the picture is read once more for \($0)"
        }
        + (format == .webp ? ["WebP is encoded whole"] : [])
    }
  }

  /// Opens a picture and refuses what cannot be done.
  func prepare(_ job: UpscaleJob) throws -> Preparation {
    let source = try PictureSource(job.input)
    let layout = source.layout
    let size = try target(layout)
    guard let format = job.format ?? ImageFormat(fileName: job.output) else {
      throw ImageError.unknownFormat(path: job.output)
    }
    if max(size.width, size.height) > format.largestSide {
      throw ImageError.tooLarge(path: job.output, format: format, width: size.width, height: size.height)
    }
    let plan = try upscaler.plan(for: [1, layout.channels, layout.height, layout.width], to: size)
    var output = layout
    (output.width, output.height) = (size.width, size.height)
    let rows = 4 * 32 * (layout.width * layout.channels + output.width * output.channels)
    if printsPlan { Terminal.report(plan.description) }
    let others = programBytes + source.memory + rows + ImageWriter.memory(output, format: format)
    func bytes(threads: Int) -> Int { others + plan.memory(threads: threads, within: mostBytes - others) }
    let threads = (1...Parallel.threadCount).reversed().first { bytes(threads: $0) <= mostBytes } ?? 1
    return Preparation(
      source: source, plan: plan, output: output, format: format, threads: threads, bytes: bytes(threads: threads),
      mostPlanBytes: mostBytes - others)
  }

  /// Enlarges one picture, row by row where that can be.
  ///
  /// - Parameter progress: Is told which part of the rows is written, from 0 to 1.
  func run(_ job: UpscaleJob, progress: (Double) -> Void) throws -> UpscaleReport {
    let start = ContinuousClock.now
    let preparation = try prepare(job)
    let (source, output) = (preparation.source, preparation.output)
    if preparation.bytes > mostBytes {
      throw ModelError.impossibleSize(
        "\(job.input) needs about \(preparation.bytes >> 20) MB to become \(output.width) × \(output.height), more than "
          + "the \(mostBytes >> 20) MB that may be used")
    }
    try source.survey()
    try withOutput(of: job) { path in
      let writer = try ImageWriter(
        path: path, format: preparation.format, layout: output, quality: quality, metadata: source.metadata)
      var brightest: Float = 0
      try withThreadCount(preparation.threads) {
        try preparation.plan.stream(within: preparation.mostPlanBytes) { rows, planes in
          try source.read(rows, into: planes)
        } writing: { rows, planes in
          try writer.write(rows: rows.count, from: planes)
          brightest = planes[..<(rows.count * output.width * output.colours)].reduce(brightest, max)
          progress(Double(rows.upperBound) / Double(output.height))
        }
      }
      // What is a little lighter than black may become black.
      if source.brightest > 0.03 && brightest < 0.001 {
        throw ImageError.notAPicture("\(job.output): the network gave nothing but black for \(job.input)")
      }
      try writer.finish()
    }
    return UpscaleReport(
      input: job.input, output: job.output, width: output.width, height: output.height,
      seconds: (ContinuousClock.now - start) / .seconds(1))
  }

  /// What enlarging a picture would take; the time is that of enlarging and encoding a part of it, without what is read.
  func estimate(_ job: UpscaleJob) throws -> UpscaleReport {
    let preparation = try prepare(job)
    let (input, output) = (preparation.source.layout, preparation.output)
    // Up to 512 pixels, and 1024 of the output.
    func part(_ length: Int, of output: Int) -> Int { max(1, min(length, 512, 1024 * length / output)) }
    let part = try preparation.source.topRows(
      PerAxis(height: part(input.height, of: output.height), width: part(input.width, of: output.width)))
    let size = PerAxis(
      height: max(1, min(1024, part.shape[2] * output.height / input.height)),
      width: max(1, min(1024, part.shape[3] * output.width / input.width)))
    let plan = try upscaler.plan(for: part.shape, to: size)
    var enlarged = plan(part)
    let computing =
      withThreadCount(preparation.threads) { ContinuousClock().measure { enlarged = plan(part) } } / .seconds(1)
    var image = try Image(enlarged)
    image.bitsPerSample = output.bitsPerSample
    let temporary = temporaryPath()
    defer { try? FileManager.default.removeItem(atPath: temporary) }
    let encoding =
      try ContinuousClock().measure {
        try image.write(to: temporary, format: preparation.format, quality: quality)
      } / .seconds(1)
    // The encoder has a thread of its own, which takes a processor from the network where none is left.
    let isShared = preparation.threads >= ProcessInfo.processInfo.activeProcessorCount
    let seconds = max(encoding, computing + (isShared ? encoding / Double(preparation.threads) : 0))
    return UpscaleReport(
      input: job.input, output: job.output, width: output.width, height: output.height,
      seconds: seconds * Double(output.width * output.height) / Double(size.height * size.width),
      megabytes: preparation.bytes >> 20, obstacles: preparation.obstacles, isEstimate: true)
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

  private func temporaryPath() -> String {
    FileManager.default.temporaryDirectory.path + "/kakudai-\(ProcessInfo.processInfo.processIdentifier)"
  }

  /// Calls `body` with the path to write, from which the bytes go to standard output where that is asked for.
  private func withOutput(of job: UpscaleJob, _ body: (String) throws -> Void) throws {
    guard job.output == "-" else { return try body(job.output) }
    let temporary = temporaryPath()
    try body(temporary)
    let bytes = try Data(contentsOf: URL(fileURLWithPath: temporary), options: .mappedIfSafe)
    // The mapping holds the bytes, also when this process is killed while it hands them on.
    try? FileManager.default.removeItem(atPath: temporary)
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

/// What the program and its libraries take before there is a picture.
private let programBytes = 60 << 20

/// What became of one picture, or would.
struct UpscaleReport: Encodable {
  var input: String
  var output: String
  var width: Int?
  var height: Int?
  var seconds: Double?
  var megabytes: Int?
  /// Why the picture does not flow by rows.
  var obstacles: [String]?
  var isEstimate: Bool?
  var isSkipped: Bool?
  var error: String?

  var sentence: String {
    let duration = String(format: "%.2f", seconds ?? 0)
    let size = "\(output): \(width ?? 0) × \(height ?? 0) pixels"
    guard let megabytes else { return "\(size), \(duration) s" }
    let whole = (obstacles ?? []).isEmpty ? "" : "; not row by row: " + obstacles!.joined(separator: ", ")
    return "\(size), about \(megabytes) MB and \(duration) s\(whole)"
  }
}
