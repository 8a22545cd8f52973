import KakudaiInference
import KakudaiLayers
import KakudaiTensors
import Synchronization
import TestSupport
import Testing

struct PlanTests {
  /// The output of a plan that is handed the picture some rows at a time.
  private static func streamed(
    _ plan: Plan, _ picture: Tensor, rowsPerStep: Int?, sideBySide: Bool? = nil
  ) throws -> Tensor {
    let (input, output) = (plan.input, plan.output)
    let nextInput = Mutex(0)
    let nextOutput = Mutex(0)
    var result = Tensor.zeros(output)
    try result.withUnsafeMutableBufferPointer { result in
      try plan.stream(within: 0, rowsPerStep: rowsPerStep, sideBySide: sideBySide) { rows, planes in
        nextInput.withLock {
          #expect(rows.lowerBound == $0 || rows.lowerBound == 0 && plan.readings > 1)
          $0 = rows.upperBound
        }
        for channel in 0..<input[-3] {
          for (index, row) in rows.enumerated() {
            for x in 0..<input[-1] {
              planes[(channel * rows.count + index) * input[-1] + x] =
                picture.storage.elements[(channel * input[-2] + row) * input[-1] + x]
            }
          }
        }
      } writing: { rows, planes in
        nextOutput.withLock {
          #expect(rows.lowerBound == $0)
          $0 = rows.upperBound
        }
        for channel in 0..<output[-3] {
          for (index, row) in rows.enumerated() {
            for x in 0..<output[-1] {
              result[(channel * output[-2] + row) * output[-1] + x] =
                planes[(channel * rows.count + index) * output[-1] + x]
            }
          }
        }
      }
      #expect(nextOutput.withLock { $0 } == output[-2])
    }
    return result
  }

  @Test(arguments: 0..<360 as Range<UInt64>)
  func `a network that flows by rows has the bits of the whole picture`(seed: UInt64) throws {
    let network = RandomNetwork(seed: seed)
    let picture = Tensor.random(network.input, seed: seed &+ 100)
    // Nothing here is large enough for Winograd's algorithm to be chosen.
    let algorithm = [nil, ConvolutionAlgorithm.winograd, .winogradRows, .overlapAdd][Int(seed / 3 % 4)]
    try withEveryKernelTable { kernels in
      try ConvolutionAlgorithm.$forced.withValue(algorithm) { try expectSameBits(network, picture, seed, kernels.name) }
    }
  }

  private func expectSameBits(_ network: RandomNetwork, _ picture: Tensor, _ seed: UInt64, _ kernels: String) throws {
    let plan = Plan(input: network.input) { network($0) }
    let about = "\(kernels), \(plan)"
    #expect(plan.isStreamed, "\(about)")
    let whole = plan.computedWhole(picture)
    for (rowsPerStep, threads) in [(1, 1), (3, 2), (1, 4), (nil, 3), (plan.output[-2], 1)] {
      let rows = try withThreadCount(threads) { try Self.streamed(plan, picture, rowsPerStep: rowsPerStep) }
      #expect(rows == whole, "\(rowsPerStep ?? 0) rows, \(threads) threads, \(about)")
      if plan.readings == 1 {
        let inPlace = withThreadCount(threads) {
          plan.computedByRows(picture, rowsPerStep: rowsPerStep, sideBySide: threads > 1 ? seed % 2 == 0 : nil)
        }
        #expect(inPlace == whole, "\(rowsPerStep ?? 0) rows in place, \(threads) threads, \(about)")
      }
      guard threads > 1 else { continue }
      let sideBySide = try withThreadCount(threads) {
        try Self.streamed(plan, picture, rowsPerStep: rowsPerStep, sideBySide: true)
      }
      #expect(sideBySide == whole, "\(rowsPerStep ?? 0) rows, \(threads) threads side by side, \(about)")
    }
    #expect(plan(picture) == whole, "\(about)")
    // Folding rounds otherwise than the network itself.
    let difference = zip(network(picture).elements, whole.elements).reduce(0) { max($0, abs($1.0 - $1.1)) }
    #expect(difference <= 1e-5 * whole.elements.reduce(1) { max($0, abs($1)) }, "\(about)")
  }

  @Test func `batch normalisation, activations and skips become part of the convolutions, and nothing else is left`() {
    struct Block: Module {
      var first = Conv2d(inChannels: 4, outChannels: 4, kernelSize: 3, padding: 1, bias: false)
      var second = ConvTranspose2d(inChannels: 4, outChannels: 6, kernelSize: 4, stride: 2, padding: 1, groups: 2)
      var norms = [BatchNorm2d(4), BatchNorm2d(6)]
      func callAsFunction(_ input: Tensor) -> Tensor {
        let features = relu(norms[0](first(input)) + input)
        _ = first(features)
        return clamp(norms[1](second(features)), minimum: 0, maximum: 1)
      }
      mutating func visitParameters(_ visitor: inout some ParameterVisitor) {
        visitor.visit("first", &first)
        visitor.visit("second", &second)
        visitor.visit("norms", &norms)
      }
    }
    var block = Block()
    block.setTraining(false)
    for index in 0..<2 {
      let channels = block.norms[index].runningMean.shape
      block.norms[index].runningMean = .random(channels, seed: 1)
      block.norms[index].runningVariance = .random(channels, seed: 2) * .random(channels, seed: 2) + 0.5
      block.norms[index].weight = .random(channels, seed: 3)
      block.norms[index].bias = .random(channels, seed: 4)
    }
    let plan = Plan(recording: block, input: [1, 4, 9, 70])
    let picture = Tensor.random([1, 4, 9, 70])
    let difference = zip(block(picture).elements, plan(picture).elements).reduce(0) { max($0, abs($1.0 - $1.1)) }
    #expect(difference <= 1e-5)
    for operation in ["convolution 4→4 3×3 + residual + clamp", "transposed 4→6 4×4 /2 groups 2 + clamp"] {
      #expect(plan.description.contains(operation), "\(plan)")
    }
    #expect(plan.description.split(separator: "\n").count == 5, "\(plan)")
  }

  @Test func `a plan prints how many input pixels a pixel of each value depends on`() {
    let plan = Plan(input: [1, 4, 60, 70]) { picture in
      let weight = Tensor.random([4, 4, 3, 3])
      let strided = conv2d(picture, weight, stride: 2, padding: 2, dilation: 2)
      let enlarged = convTranspose2d(strided, .random([4, 4, 5, 2]), stride: 2)
      let skipped = interpolate(picture, size: [enlarged.shape[2], enlarged.shape[3]], mode: .bilinear)
      return pixelShuffle(conv2d(enlarged + skipped, weight, padding: 1), upscaleFactor: 2)
    }
    // Of the transposed convolution, five taps of stride 2 are up to three inputs, and two always one; inputs are 2 pixels apart.
    // Three rows of its output are up to four inputs, three columns two.
    let fields = plan.description.split(separator: "\n").compactMap {
      $0.firstMatch(of: /(\d+×\d+) +\d* *$/).map { String($0.1) }
    }
    #expect(fields == ["1×1", "5×5", "1×2", "2×2", "9×5", "11×7", "11×7"], "\(plan)")
    #expect(plan.description.contains("direct"))
  }

  @Test func `what a direct layer gives to pixels alone is computed with them, and not held`() {
    let layers = { (groups: Int, kernel: Int) in
      Sequential {
        Conv2d(inChannels: 8, outChannels: 8, kernelSize: 3, padding: 1, groups: groups)
        PReLU(parameters: 8)
        Conv2d(inChannels: 8, outChannels: 8, kernelSize: PerAxis(kernel), padding: .same)
        Conv2d(inChannels: 8, outChannels: 1, kernelSize: 3, padding: 1)
      }
    }
    let plan = { Plan(recording: layers($0, $1), input: [1, 8, 60, 70]) }
    let apart = plan(8, 3)
    #expect(!apart.description.contains("with the next"), "\(apart)")
    for (groups, name) in [(8, "depthwise"), (4, "direct")] {
      let chained = plan(groups, 1)
      let lines = chained.description.split(separator: "\n")
      #expect(lines[2].contains("groups \(groups) + slopes") && lines[2].contains("with the next"), "\(chained)")
      #expect(lines[3].contains("\(name), direct") && lines[3].contains("3×3"), "\(chained)")
      #expect(lines[4].contains("5×5"), "\(chained)")
      // At least six rows of eight channels less.
      #expect(chained.memory(threads: 1) <= apart.memory(threads: 1) - 6 * 8 * 70 * 4)
    }
  }

  @Test func `sums of few terms are computed with the pixels that read them, and no bit changes`() throws {
    let network = Sequential {
      Conv2d(inChannels: 1, outChannels: 20, kernelSize: 5, padding: 2)
      PReLU(parameters: 20)
      Conv2d(inChannels: 20, outChannels: 4, kernelSize: 1)
      Conv2d(inChannels: 4, outChannels: 2, kernelSize: 3, padding: 1)
    }
    let plan = Plan(recording: network, input: [1, 1, 90, 150])
    #expect(plan.description.contains("winograd rows, direct"), "\(plan)")
    let picture = Tensor.random(plan.input, seed: 1)
    let whole = plan.computedWhole(picture)
    for (rowsPerStep, threads) in [(1, 1), (3, 2), (4, 3), (7, 2), (nil, 1), (nil, 2)] {
      let rows = try withThreadCount(threads) { try Self.streamed(plan, picture, rowsPerStep: rowsPerStep) }
      #expect(rows == whole, "\(rowsPerStep ?? 0) rows, \(threads) threads")
    }
  }

  private static let normalized = Sequential {
    Conv2d(inChannels: 1, outChannels: 3, kernelSize: 3)
    InstanceNorm2d(3)
    ReLU()
  }

  @Test func `operations that need the whole picture are named, and computed`() throws {
    let plan = Plan(recording: Self.normalized, input: [1, 1, 120, 130])
    #expect(plan.isStreamed && plan.readings == 2)
    #expect(plan.wholePictureOperations == ["normalization of (1, 3, 118, 128)"])
    #expect(plan.description.contains("read 2 times for the statistics of normalization"), "\(plan)")
    let picture = Tensor.random([1, 1, 120, 130])
    let expected = Self.normalized(picture)
    let difference = zip(plan(picture).elements, expected.elements).reduce(0) { max($0, abs($1.0 - $1.1)) }
    #expect(difference <= 1e-5)
    // The largest value of all is no statistic that is gathered.
    let whole = Plan(input: [1, 1, 120, 130]) { $0 / $0.variance() }
    #expect(!whole.isStreamed && whole.runsWhole(within: 0))
    #expect(whole.description.contains("computed whole, because of reduction"), "\(whole)")
  }

  @Test func `a network with statistics runs whole where that fits, and is read again where it does not`() throws {
    let plan = Plan(recording: Self.normalized, input: [1, 1, 2000, 50])
    let most = plan.memory(threads: 1)
    #expect(plan.runsWhole(within: most) && !plan.runsWhole(within: most - 1))
    #expect(plan.memory(threads: 1, within: most - 1) < most / 10)
    for (bytes, readings) in [(most, 1), (most - 1, 2)] {
      let begun = Mutex(0)
      try plan.stream(within: bytes) { rows, planes in
        planes.update(repeating: 0.5)
        if rows.lowerBound == 0 { begun.withLock { $0 += 1 } }
      } writing: { _, _ in
      }
      #expect(begun.withLock { $0 } == readings)
    }
  }

  @Test func `of long rows few are held, by one thread as by several, and no bit changes`() throws {
    let network = Sequential {
      Conv2d(inChannels: 1, outChannels: 16, kernelSize: 3, padding: 1)
      Sequential {
        Conv2d(inChannels: 16, outChannels: 16, kernelSize: 3, padding: 1)
        Conv2d(inChannels: 16, outChannels: 16, kernelSize: 3, padding: 1)
        Conv2d(inChannels: 16, outChannels: 16, kernelSize: 3, padding: 1)
      }
      Conv2d(inChannels: 16, outChannels: 4, kernelSize: 1)
    }
    let plan = Plan(recording: network, input: [1, 1, 18, 65_536])
    // Six rows of each of the four values that convolutions of 3×3 read, and what is held of the narrow ones.
    let row = 4 * 16 * 65_536
    #expect(plan.memory(threads: 1) < 4 * 8 * row, "\(plan)")
    // And three steps, of four rows each, of the five channels of input and output.
    #expect(plan.memory(threads: 3) < plan.memory(threads: 1) + 3 * 4 * 5 * row / 16, "\(plan)")
    var picture = Tensor.random(plan.input, seed: 1)
    for hasNaN in [false, true] {
      if hasNaN { picture.withUnsafeMutableBufferPointer { $0[9 * 65_536 + 8_000] = .nan } }
      let whole = plan.computedWhole(picture).elements
      for threads in 1...4 {
        let rows = try withThreadCount(threads) {
          try Self.streamed(plan, picture, rowsPerStep: threads == 4 ? 7 : nil)
        }
        #expect(zip(rows.elements, whole).allSatisfy { $0 == $1 || $0.isNaN && $1.isNaN }, "\(threads) threads")
      }
      let direct = ConvolutionAlgorithm.$forced.withValue(.direct) { plan.computedWhole(picture).elements }
      #expect(zip(direct, whole).allSatisfy { $0.isNaN == $1.isNaN && !(abs($0 - $1) > 1e-5) })
      #expect(direct.contains(where: \.isNaN) == hasNaN)
    }
  }
}
