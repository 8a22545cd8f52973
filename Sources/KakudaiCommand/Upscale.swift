import ArgumentParser
import Foundation
import KakudaiImages
import KakudaiModels
import KakudaiTensors

struct Upscale: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "upscale",
    abstract: "Enlarges pictures.",
    discussion: """
      A folder in gives a folder out. Finished files are skipped unless --overwrite; a bad file is reported and does not \
      stop the others. "-" is standard input or output.
      """)

  @Argument(help: "Pictures or folders.")
  var inputs: [String] = []

  @Option(name: .customShort("i"), help: ArgumentHelp("Another picture or folder.", valueName: "input"))
  var input: [String] = []

  @Option(name: [.customShort("o"), .customLong("output")], help: "The picture or folder to write.")
  var output: String

  @Option(name: [.customShort("s"), .long], help: "How many times larger; the model's own factor, or 2, by default.")
  var scale: Double?

  @Option(help: "The width to reach, in pixels.")
  var width: Int?

  @Option(help: "The height to reach, in pixels.")
  var height: Int?

  @OptionGroup var model: ModelOptions

  @Option(name: [.customShort("f"), .long], help: "png, jpg, webp or tiff; by the extension of the output by default.")
  var format: String?

  @Option(name: [.customShort("q"), .long], help: "Quality of JPEG and WebP, from 1 to 100.")
  var quality = 90

  @Option(name: [.customShort("j"), .long], help: "Threads; all processors by default.")
  var threads: ThreadCount?

  @Option(
    help: """
      The most memory to use, as 512M or 2G, the machine's by default. Where it is short fewer threads run; a picture that \
      needs more even so is refused beforehand.
      """)
  var maxMemory: ByteCount?

  @Flag(name: [.customShort("r"), .long], help: "Also the folders in folders.")
  var recursive = false

  @Flag(help: "Write files that exist already.")
  var overwrite = false

  @Flag(help: "Only say what would be made, and about how much memory and time that takes.")
  var dryRun = false

  @Flag(help: "One JSON object a picture.")
  var json = false

  @Flag(name: [.customShort("v"), .long], help: "Also say which model runs, and how each picture is computed.")
  var verbose = false

  @Flag(help: "Say nothing but errors.")
  var quiet = false

  func validate() throws {
    if inputs.isEmpty && input.isEmpty { throw ValidationError("There is no picture to enlarge.") }
    if scale != nil && (width != nil || height != nil) {
      throw ValidationError("Give either -s or --width and --height.")
    }
    if let scale, !(scale > 0 && scale <= 64) { throw ValidationError("-s goes up to 64, and is \(scale).") }
    for (name, value) in [("--width", width), ("--height", height)] {
      if let value, value <= 0 { throw ValidationError("\(name) must be positive, and is \(value).") }
    }
    if !(1...100).contains(quality) { throw ValidationError("-q goes from 1 to 100, and is \(quality).") }
    if let format, ImageFormat(fileName: format) == nil {
      throw ValidationError("-f is png, jpg, webp or tiff, and not \(format).")
    }
  }

  func run() throws {
    let model: UpscalingModel
    do { model = try self.model.chosen(scale: scale) } catch { throw fail(error) }
    let jobs: [UpscaleJob]
    do {
      jobs = try UpscaleJob.all(
        inputs: inputs + input, output: output, format: format.flatMap { ImageFormat(fileName: $0) },
        isRecursive: recursive)
    } catch { throw fail(error) }
    let task = UpscaleTask(
      upscaler: Upscaler(model), scale: scale, width: width, height: height, quality: quality,
      mostBytes: maxMemory?.bytes ?? Int(clamping: ProcessInfo.processInfo.physicalMemory),
      printsPlan: verbose)
    if verbose { Terminal.report("\(model.name): \(model.summary)") }
    var failures = 0
    for (index, job) in jobs.enumerated() {
      if !overwrite && !dryRun && job.output != "-" && FileManager.default.fileExists(atPath: job.output) {
        if json {
          try Terminal.print(json: UpscaleReport(input: job.input, output: job.output, isSkipped: true))
        } else if !quiet {
          Terminal.report("\(job.output) is there already; --overwrite writes it again")
        }
        continue
      }
      var progress = ProgressLine("\(index + 1)/\(jobs.count) \(job.input)", isShown: !quiet && !json)
      do {
        let report = try withThreadCount(threads?.count ?? ProcessInfo.processInfo.activeProcessorCount) {
          dryRun ? try task.estimate(job) : try task.run(job) { progress.show($0) }
        }
        Terminal.clearProgress()
        if json { try Terminal.print(json: report) } else if !quiet { Terminal.report(report.sentence) }
      } catch {
        Terminal.clearProgress()
        failures += 1
        if json { try Terminal.print(json: UpscaleReport(input: job.input, output: job.output, error: "\(error)")) }
        Terminal.report("kakudai: \(error)")
      }
    }
    if failures > 0 {
      if jobs.count > 1 { Terminal.report("kakudai: \(failures) of \(jobs.count) pictures failed") }
      throw ExitCode.failure
    }
  }
}
