import ArgumentParser
import KakudaiImages
import KakudaiModels
import KakudaiTensors

struct Explain: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "explain",
    abstract: "Draws what ConvTranspose2d does: sizes, cropped border, and how often each output pixel is covered.",
    discussion: "Sizes are one number, or HEIGHTxWIDTH.")

  @Option(name: [.customShort("k"), .long], help: "The kernel size.")
  var kernel: Pair

  @Option(name: [.customShort("s"), .long], help: "The stride.")
  var stride = Pair(argument: "1")!

  @Option(name: [.customShort("p"), .long], help: "The padding.")
  var padding = Pair(argument: "0")!

  @Option(help: "The output padding.")
  var outputPadding = Pair(argument: "0")!

  @Option(name: [.customShort("d"), .long], help: "The dilation.")
  var dilation = Pair(argument: "1")!

  @Option(name: [.customShort("i"), .long], help: "The size of the input.")
  var input = Pair(argument: "4")!

  @Option(name: [.customShort("o"), .customLong("output")], help: "A picture to draw.")
  var output: String?

  func validate() throws {
    for (name, pair) in [("--input", input), ("--kernel", kernel), ("--stride", stride), ("--dilation", dilation)] {
      // Larger ones give pictures that nobody can read.
      guard (1...64).contains(pair.height) && (1...64).contains(pair.width) else {
        throw ValidationError("\(name) goes from 1 to 64.")
      }
    }
  }

  func run() throws {
    do {
      let explanation = try ConvTransposeExplanation(
        inputSize: PerAxis(input), kernelSize: PerAxis(kernel), stride: PerAxis(stride), padding: PerAxis(padding),
        outputPadding: PerAxis(outputPadding), dilation: PerAxis(dilation))
      print(explanation.text)
      guard let output else { return }
      try Image(explanation.picture).write(to: output)
    } catch { throw fail(error) }
  }
}

extension PerAxis {
  fileprivate init(_ pair: Pair) { self.init(height: pair.height, width: pair.width) }
}
