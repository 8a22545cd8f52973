import ArgumentParser
import Foundation
import KakudaiInference
import KakudaiModels
import KakudaiTensors

struct Bench: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "bench",
    abstract: "Measures how fast this machine enlarges pictures.",
    discussion: """
      A picture of 960 × 540 pixels in memory, by every built-in model or by one: neither reading nor writing counts.
      """)

  @OptionGroup var model: ModelOptions

  @Option(name: [.customShort("j"), .long], help: "Threads; all processors by default.")
  var threads: ThreadCount?

  @Flag(help: "One JSON object a model.")
  var json = false

  struct Entry: Encodable {
    var model: String
    var scale: Int
    var threads: Int
    var seconds: Double
    /// Of the output.
    var megapixelsPerSecond: Double
    /// Multiplications and additions of the convolutions.
    var gigaflops: Double
  }

  func run() throws {
    let count = threads?.count ?? ProcessInfo.processInfo.activeProcessorCount
    let models = model.isChosen ? [try model.chosen(scale: nil)] : UpscalingModel.builtIn
    try withThreadCount(count) {
      let limit = productSpeed()
      if !json {
        print("\(count) threads, \(Kernels.best.name) kernels; products of matrices: \(Int(limit)) GFLOP/s")
      }
      for model in models {
        for scale in model.networks.isEmpty ? [2] : model.networks.map(\.scale) {
          let picture = Tensor.uniform([1, 3, 540, 960])
          let plan = try Upscaler(model).plan(for: picture.shape, to: PerAxis(height: 540 * scale, width: 960 * scale))
          let seconds = leastSeconds { _ = plan(picture) }
          let entry = Entry(
            model: model.name, scale: scale, threads: count, seconds: seconds,
            megapixelsPerSecond: Double(plan.output[2] * plan.output[3]) / seconds / 1e6,
            gigaflops: 2e-9 * Double(plan.multiplications) / seconds)
          if json {
            try Terminal.print(json: entry)
          } else {
            let name = model.name + String(repeating: " ", count: max(1, 20 - model.name.count))
            print(
              name
                + String(
                  format: "×%d %8.1f ms %8.1f megapixels/s %6.0f GFLOP/s", scale, 1000 * seconds,
                  entry.megapixelsPerSecond, entry.gigaflops))
          }
        }
      }
    }
  }

  /// Billions of multiplications and additions a second in products that stay in the cache: what is left to reach.
  private func productSpeed() -> Double {
    let (left, right) = (Tensor.uniform([384, 256]), Tensor.uniform([256, 768]))
    return 2e-9 * 384 * 256 * 768 / leastSeconds { _ = matmul(left, right) }
  }

  /// The least time of several calls, at least three and about a second.
  private func leastSeconds(_ body: () -> Void) -> Double {
    body()
    let start = ContinuousClock.now
    var (least, calls) = (Double.infinity, 0)
    while calls < 3 || (ContinuousClock.now - start < .seconds(1) && calls < 200) {
      least = min(least, ContinuousClock().measure(body) / .seconds(1))
      calls += 1
    }
    return least
  }
}
