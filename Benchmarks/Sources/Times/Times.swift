import CLimits
import Foundation
import Kakudai

/// Computes and times what `compare.py` asks for, a line of standard input at a time:
/// `load FILE` takes the tensors of a file and what its metadata says to do with them, `save FILE` writes the results,
/// `time N` prints the milliseconds of N runs, `memory` the peak in MB, `threads N` says how many threads to use, `limit` prints how many billion
/// floating-point operations a second one thread can do at most.
@main
struct Times {
  static func main() throws {
    var job: any Job = Forward { Tensor(0) }
    var threads = 1
    while let line = readLine() {
      let words = line.split(separator: " ", maxSplits: 1).map(String.init)
      switch words[0] {
      case "load": job = try makeJob(try Safetensors(contentsOf: words[1]))
      case "save": try Safetensors.write(withThreadCount(threads) { job.run().results }, to: words[1])
      case "threads": threads = Int(words[1])!
      case "memory":
        answer("\(peakMegabytes())")
        continue
      case "limit":
        answer("\(limit())")
        continue
      default:
        let times = withThreadCount(threads) { (0..<Int(words[1])!).map { _ in job.run().time / .milliseconds(1) } }
        answer(times.map { "\($0)" }.joined(separator: " "))
        continue
      }
      answer("ok")
    }
  }

  static func limit() -> Double {
    (0..<20).map { _ in
      var operations = 0.0
      var sink: Float = 0
      let time = ContinuousClock().measure { operations = multiply_adds(4_000_000, &sink) }
      return operations / (time / .nanoseconds(1))
    }.max()!
  }

  /// The most memory this process has held so far.
  static func peakMegabytes() -> Double {
    #if canImport(Darwin)
    var usage = rusage()
    getrusage(RUSAGE_SELF, &usage)
    return Double(usage.ru_maxrss) / 1_048_576
    #else
    // What the system counts for a child begins with its parent's; this does not.
    let status = (try? String(contentsOfFile: "/proc/self/status", encoding: .utf8)) ?? ""
    let line = status.split(separator: "\n").first { $0.hasPrefix("VmHWM") }
    return line.flatMap { Double($0.split(separator: " ").dropLast().last ?? "") }.map { $0 / 1024 } ?? .nan
    #endif
  }

  /// A line that is not kept in a buffer.
  static func answer(_ text: String) { FileHandle.standardOutput.write(Data((text + "\n").utf8)) }
}
