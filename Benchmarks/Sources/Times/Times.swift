import CLimits
import Foundation
import Kakudai

/// Computes and times what `compare.py` asks for, a line of standard input at a time:
/// `load FILE` takes input, weight and bias with the attributes in the file's metadata, `save FILE` writes the output,
/// `time N` prints the milliseconds of N runs, `threads N` says how many threads to use, `limit` prints how many billion
/// floating-point operations a second one thread can do at most.
@main
struct Times {
  static func main() throws {
    var call: () -> Tensor = { Tensor(0) }
    var threads = 1
    while let line = readLine() {
      let words = line.split(separator: " ", maxSplits: 1).map(String.init)
      switch words[0] {
      case "load": call = try convolution(try Safetensors(contentsOf: words[1]))
      case "save": try Safetensors.write(["output": withThreadCount(threads) { call() }], to: words[1])
      case "threads": threads = Int(words[1])!
      case "limit":
        answer("\(limit())")
        continue
      default:
        let clock = ContinuousClock()
        let times = withThreadCount(threads) {
          (0..<Int(words[1])!).map { _ in clock.measure { _ = call() } / .milliseconds(1) }
        }
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

  /// A line that is not kept in a buffer.
  static func answer(_ text: String) { FileHandle.standardOutput.write(Data((text + "\n").utf8)) }

  static func convolution(_ file: Safetensors) throws -> () -> Tensor {
    let (input, weight, bias) = (try file.tensor("input"), try file.tensor("weight"), try file.tensor("bias"))
    func size(_ name: String) -> Int { Int(file.metadata[name]!)! }
    let (stride, padding, groups) = (PerAxis(size("stride")), PerAxis(size("padding")), size("groups"))
    let dilation = PerAxis(size("dilation"))
    guard file.metadata["operation"] == "convTranspose2d" else {
      return {
        conv2d(input, weight, bias, stride: stride, padding: .pixels(padding), dilation: dilation, groups: groups)
      }
    }
    let outputPadding = PerAxis(size("output_padding"))
    return {
      convTranspose2d(
        input, weight, bias, stride: stride, padding: padding, outputPadding: outputPadding, groups: groups,
        dilation: dilation)
    }
  }
}
