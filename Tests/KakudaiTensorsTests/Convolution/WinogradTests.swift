import KakudaiTensors
import TestSupport
import Testing

/// Winograd's algorithm, and the direct ones with channels as lanes and by lines that overlap, wherever they can be used, on every
/// instruction set.
struct WinogradTests {
  struct Case: Sendable, CustomTestStringConvertible {
    var algorithm = ConvolutionAlgorithm.winograd
    var isTransposed: Bool
    var input: Shape
    var outChannels: Int
    var kernel: Int
    var stride = 1
    var padding = 1
    var outputPadding = 0
    var groups = 1
    var dilation = 1

    var geometry: ConvolutionGeometry {
      get throws {
        isTransposed
          ? ConvolutionGeometry(
            transposedWith: PerAxis(padding), stride: PerAxis(stride), outputPadding: PerAxis(outputPadding),
            dilation: PerAxis(dilation), groups: groups)
          : try ConvolutionGeometry(
            convolutionWith: .pixels(PerAxis(padding)), kernelSize: PerAxis(kernel), stride: PerAxis(stride),
            dilation: PerAxis(dilation), groups: groups)
      }
    }

    var operation: any Operation {
      get throws {
        isTransposed
          ? TransposedConvolution(geometry: try geometry) : Convolution(geometry: try geometry)
      }
    }

    func value(
      of operands: [Tensor], _ shape: Shape, _ epilogue: ConvolutionEpilogue, _ residual: Tensor
    ) throws -> Tensor {
      isTransposed
        ? TransposedConvolution(geometry: try geometry).value(
          of: operands, shape: shape, epilogue: epilogue, residual: residual)
        : Convolution(geometry: try geometry).value(
          of: operands, shape: shape, epilogue: epilogue, residual: residual)
    }

    var weightShape: Shape {
      isTransposed
        ? [input[1], outChannels / groups, kernel, kernel] : [outChannels, input[1] / groups, kernel, kernel]
    }

    var reference: ConvolutionReference {
      ConvolutionReference(
        stride: PerAxis(stride), padding: PerAxis(padding), dilation: PerAxis(dilation), groups: groups)
    }

    func reference(_ operands: [Tensor], shape: Shape) -> ReferenceValues {
      return isTransposed
        ? reference.fine(coarse: operands[0], weight: operands[1], bias: operands[2], shape: shape)
        : reference.coarse(fine: operands[0], weight: operands[1], bias: operands[2], shape: shape)
    }

    var operands: [Tensor] {
      [.random(input, seed: 1), .random(weightShape, seed: 2), .random([outChannels], seed: 3)]
    }

    var testDescription: String {
      """
      \(algorithm): \(isTransposed ? "transposed " : "")\(input)→\(outChannels), kernel \(kernel), stride \(stride), padding \(padding), \
      output padding \(outputPadding), groups \(groups), dilation \(dilation)
      """
    }
  }

  /// All geometries that have the algorithm, on sizes around those of tiles, vectors of tiles and whole units.
  static let cases: [Case] = {
    var generator = RandomGenerator(seed: 5)
    func draw(_ range: ClosedRange<Int>) -> Int { range.lowerBound + generator.nextIndex(below: range.count) }
    var cases: [Case] = []
    let both = [
      (false, 3, 1, 0), (true, 3, 1, 0), (true, 4, 2, 0), (true, 4, 2, 1), (true, 3, 2, 1), (true, 3, 2, 0),
      (true, 6, 3, 0), (true, 6, 2, 0), (true, 8, 4, 0), (true, 5, 2, 1), (false, 2, 1, 0), (true, 7, 3, 2),
      (false, 4, 2, 0), (false, 3, 2, 0), (false, 5, 2, 0), (false, 6, 2, 0), (false, 6, 3, 0),
    ].map { (ConvolutionAlgorithm.winograd, $0, 1) }
    let dilated = [(false, 3, 2), (true, 3, 2), (true, 2, 3), (true, 3, 4)].map {
      (ConvolutionAlgorithm.winograd, ($0.0, $0.1, 1, 0), $0.2)
    }
    let rows = [
      (false, 3, 1, 0), (false, 4, 1, 0), (false, 5, 1, 0), (true, 5, 1, 0), (true, 9, 2, 1), (true, 9, 3, 2),
      (true, 9, 4, 3), (true, 8, 2, 0), (true, 4, 2, 0), (true, 16, 8, 0), (false, 2, 1, 0), (false, 6, 1, 0),
      (false, 7, 1, 0), (false, 9, 1, 0), (true, 11, 1, 0), (true, 12, 2, 0), (false, 17, 1, 0),
    ].map { (ConvolutionAlgorithm.winogradRows, $0, 1) }
    let overlapping = [
      ((true, 4, 2, 0), 1), ((true, 2, 2, 0), 1), ((true, 3, 2, 1), 1), ((true, 2, 3, 1), 1), ((true, 9, 2, 1), 1),
      ((true, 6, 3, 2), 1), ((true, 8, 4, 0), 1), ((true, 3, 1, 0), 1), ((false, 3, 1, 0), 1), ((false, 5, 1, 0), 1),
      ((true, 3, 1, 0), 3), ((true, 3, 2, 0), 2), ((false, 2, 1, 0), 4),
    ].map { (ConvolutionAlgorithm.overlapAdd, $0, $1) }
    for (algorithm, (isTransposed, kernel, stride, outputPadding), dilation) in both + dilated + rows + overlapping {
      let pictures = [
        (1, 1), (3, 5), (4, 4), (8, 8), (9, 17), (5, 31), (6, 64), (7, 67), (2, 130), (draw(1...12), draw(1...80)),
      ].map { (draw(1...3), $0) }
      // Of which the images become the lanes of vectors, on some instruction sets or on all.
      let batches = [(4, (5, 9)), (13, (4, 4)), (16, (8, 8)), (31, (1, 3)), (12, (draw(1...20), draw(1...70)))]
      for (batch, (height, width)) in pictures + (algorithm == .winograd ? batches : []) {
        let drawnGroups = [1, 1, 1, 2][draw(0...3)]
        let groups = algorithm == .winogradRows || algorithm == .overlapAdd ? 1 : drawnGroups
        let padding = draw(0...min(kernel - 1, algorithm == .winogradRows ? 4 : 2))
        // Tiles have six rows from twelve channels on, and lines of one channel may have the direct kernels' bits.
        let inputs = draw(1...9) + (algorithm == .overlapAdd ? 1 : 0)
        let drawn = Case(
          algorithm: algorithm, isTransposed: isTransposed,
          input: [batch, groups * (inputs > 6 ? inputs + 5 : inputs), height, width],
          outChannels: groups * draw(1...15), kernel: kernel, stride: stride, padding: padding,
          outputPadding: outputPadding, groups: groups, dilation: dilation)
        let shape = try? drawn.operation.outputShape(of: drawn.operands.map(\.shape))
        if shape != nil { cases.append(drawn) }
      }
    }
    // Lanes are channels, of which there must be whole vectors.
    let twoTaps = [
      (true, 4, 2, 0, 1), (true, 4, 2, 1, 1), (true, 3, 2, 1, 1), (true, 8, 4, 0, 1), (false, 2, 1, 0, 1),
      (true, 2, 1, 0, 3), (false, 4, 2, 0, 1), (false, 3, 2, 0, 1),
    ]
    let threeTaps = [
      (false, 3, 1, 0, 1), (true, 9, 3, 2, 1), (true, 5, 2, 1, 1), (false, 6, 2, 0, 1), (true, 3, 1, 0, 2),
    ]
    let others = [(true, 4, 1, 0, 1), (false, 1, 1, 0, 1), (true, 3, 2, 1, 2), (false, 5, 3, 0, 2), (true, 2, 3, 2, 1)]
    for algorithm in [ConvolutionAlgorithm.winogradChannels, .winogradSmallTiles, .directChannels] {
      let geometries =
        switch algorithm {
        case .winogradChannels: twoTaps + threeTaps
        case .winogradSmallTiles: twoTaps
        default: twoTaps + threeTaps + others
        }
      for (isTransposed, kernel, stride, outputPadding, dilation) in geometries {
        // Large maps are not computed directly in this way.
        let sizes =
          algorithm == .directChannels
          ? [(1, 1), (4, 4), (3, 7), (draw(1...4), draw(1...9))]
          : [(1, 1), (4, 4), (9, 17), (draw(1...9), draw(1...40))]
        for (height, width) in sizes {
          let groups = [1, 1, 2][draw(0...2)]
          let drawn = Case(
            algorithm: algorithm, isTransposed: isTransposed,
            // Only outputs must fill vectors in every algorithm.
            input: [
              draw(1...3), groups * (algorithm == .directChannels ? draw(2...40) : 16 * draw(1...2)), height, width,
            ],
            outChannels: groups * 16 * draw(1...5), kernel: kernel, stride: stride,
            padding: draw(0...min(kernel - 1, 2)),
            outputPadding: outputPadding, groups: groups, dilation: dilation)
          let shape = try? drawn.operation.outputShape(of: drawn.operands.map(\.shape))
          if shape != nil { cases.append(drawn) }
        }
      }
    }
    return cases
  }()

  /// The bound is 2e-6 of the largest Σ|x||w| of the output plane: a tile rounds on the scale of what its outputs sum
  /// together. That the algorithm is used at all is what the bits show.
  @Test(arguments: cases) func `the errors stay within the bound`(_ testCase: Case) throws {
    let operands = testCase.operands
    let operation = try testCase.operation
    let shape = try operation.outputShape(of: operands.map(\.shape))
    let reference = testCase.reference(operands, shape: shape)
    let plane = shape[2] * shape[3]
    let biases = operands[2].elements
    // Where dilated taps all lie outside of the picture there is nothing to compute.
    let isBias = reference.values.enumerated().allSatisfy { $1 == Double(biases[$0 / plane % biases.count]) }
    withEveryKernelTable { kernels in
      let direct = ConvolutionAlgorithm.$forced.withValue(.direct) { operation.apply(to: operands) }
      let value = ConvolutionAlgorithm.$forced.withValue(testCase.algorithm) { operation.apply(to: operands) }
      #expect(value.elements != direct.elements || plane < 4 || isBias, "\(kernels.name): computed directly")
      var worst = 0.0
      for (index, element) in value.elements.enumerated() {
        let start = index / plane * plane
        let largest = reference.magnitudes[start..<start + plane].max()!
        worst = max(worst, abs(Double(element) - reference.values[index]) / largest)
      }
      #expect(worst <= 2e-6, "\(kernels.name): \(worst) of the largest sum of magnitudes")
    }
  }

  @Test(arguments: cases) func `rows have the bits of the whole`(_ testCase: Case) throws {
    let picture = Shape(Array(testCase.input.dimensions.dropFirst()))
    var input = Tensor.random(picture, seed: 1)
    input.withUnsafeMutableBufferPointer { $0[$0.count / 2] = .infinity }
    let (weight, bias) = (testCase.operands[1], testCase.operands[2])
    let epilogue = ConvolutionEpilogue(
      activations: (0..<testCase.outChannels).map { PiecewiseLinearFunction(slope: 0.25 * Float($0)) }, low: -1,
      high: 2, residual: .beforeActivation)
    try withEveryKernelTable { kernels in
      try ConvolutionAlgorithm.$forced.withValue(testCase.algorithm) {
        let sum = try testCase.operation.apply(to: [input, weight, bias])
        let residual = Tensor.random(sum.shape, seed: 4)
        let whole = try testCase.value(of: [input, weight, bias], sum.shape, epilogue, residual)
        let batch = Shape([1] + sum.shape.dimensions)
        let applied = ConvolutionEpilogueTests.applied(
          epilogue, to: sum.viewed(as: batch), residual: residual.viewed(as: batch))
        #expect(whole.bits == applied.bits, "\(kernels.name): the epilogue")
        let rows = try RowConvolution(
          testCase.isTransposed ? .transposed : .convolution, testCase.geometry, weight: weight, bias: bias,
          epilogue: epilogue, input: picture)
        for stepRows in [1, rows.rowUnit, whole.shape[1]] {
          let streamed = RowConvolutionTests.streamed(
            rows, input, residual: residual, output: whole.shape, stepRows: stepRows)
          #expect(streamed.bits == whole.bits, "\(kernels.name), \(stepRows) rows a step")
        }
      }
    }
  }

  @Test(arguments: [cases[0], cases.first { $0.stride == 2 && $0.isTransposed }!])
  func `the epilogue of a batch is that of its images`(_ testCase: Case) throws {
    var testCase = testCase
    testCase.input = [13, 3, 9, 7]
    let operands = testCase.operands
    let shape = try testCase.operation.outputShape(of: operands.map(\.shape))
    let residual = Tensor.random(shape, seed: 4)
    let epilogue = ConvolutionEpilogue(
      activations: (0..<testCase.outChannels).map { PiecewiseLinearFunction(slope: 0.25 * Float($0)) }, low: -1,
      high: 2, residual: .afterActivation)
    try withEveryKernelTable { kernels in
      try ConvolutionAlgorithm.$forced.withValue(.winograd) {
        func value(_ images: Range<Int>) throws -> Tensor {
          let residual = residual.sliced(0, images)
          return try testCase.value(
            of: [operands[0].sliced(0, images), operands[1], operands[2]], residual.shape, epilogue, residual)
        }
        let whole = try value(0..<13)
        for image in 0..<13 {
          let own = image..<image + 1
          #expect(try value(own) == whole.sliced(0, own), "\(kernels.name), image \(image)")
        }
      }
    }
  }

  /// What is not finite, or becomes so in a transform although its sums are finite, stands where direct kernels have it.
  @Test(arguments: [Float.nan, .infinity, -.infinity, 3e38, -2e38])
  func `only what is not finite in the direct sums is not finite`(_ extreme: Float) throws {
    let picture: Shape = [2, 5, 22, 75]
    for (algorithm, isTransposed, kernel, stride, input) in [
      (ConvolutionAlgorithm.winograd, false, 3, 1, picture), (.winograd, true, 3, 1, picture),
      (.winograd, true, 4, 2, picture), (.winograd, true, 3, 2, picture), (.winograd, true, 4, 2, [13, 5, 10, 9]),
      (.winogradRows, false, 3, 1, picture), (.winogradRows, false, 5, 1, picture),
      (.winogradRows, true, 9, 2, picture), (.winogradRows, true, 4, 2, picture), (.winogradRows, false, 8, 1, picture),
      (.winogradRows, true, 11, 1, picture), (.winogradRows, true, 12, 2, picture),
      (.winogradChannels, false, 3, 1, [2, 16, 10, 9]), (.winogradChannels, true, 4, 2, [2, 16, 10, 9]),
      (.winogradSmallTiles, true, 4, 2, [2, 16, 10, 9]), (.winogradSmallTiles, false, 4, 2, [2, 16, 10, 9]),
      (.directChannels, true, 4, 2, [2, 16, 10, 9]), (.directChannels, false, 3, 1, [2, 16, 10, 9]),
      (.overlapAdd, true, 4, 2, picture), (.overlapAdd, true, 2, 2, picture), (.overlapAdd, false, 3, 1, picture),
    ] {
      let testCase = Case(
        algorithm: algorithm, isTransposed: isTransposed, input: input,
        // In several chunks, which threads compute.
        outChannels: input[1] == 16 ? 80 : 7, kernel: kernel, stride: stride)
      var operands = testCase.operands.map { $0 * 0.01 }
      let weight = operands[1]
      operands[0].withUnsafeMutableBufferPointer { input in
        let (width, plane) = (testCase.input[3], testCase.input[2] * testCase.input[3])
        for index in [0, width - 1, plane / 2, 4 * plane - width / 2, 8 * plane + 5] { input[index] = extreme }
      }
      operands[1].withUnsafeMutableBufferPointer { $0[kernel + 1] = 0 }
      func run(_ algorithm: ConvolutionAlgorithm) throws -> Tensor {
        try ConvolutionAlgorithm.$forced.withValue(algorithm) { try testCase.operation.apply(to: operands) }
      }
      try withEveryKernelTable { kernels in
        try expectSameClasses(run(algorithm), run(.direct), "\(kernels.name), \(testCase), input")
      }
      // Direct kernels multiply weights by the zeros around a map.
      guard algorithm != .directChannels, algorithm != .overlapAdd else { continue }
      operands = [testCase.operands[0], weight, testCase.operands[2]]
      operands[1].withUnsafeMutableBufferPointer { $0[kernel * kernel * 4 + 2] = extreme }
      try withEveryKernelTable { kernels in
        try expectSameClasses(run(algorithm), run(.direct), "\(kernels.name), \(testCase), weight")
      }
    }
  }

  /// As in PyTorch, which multiplies no weight by what lies outside of a map.
  @Test(
    arguments: [Float.nan, .infinity, -.infinity],
    [
      (ConvolutionAlgorithm.directChannels, false, 2), (.directChannels, true, 2), (.overlapAdd, true, 2),
      (.overlapAdd, false, 1),
    ])
  func `weights that are not finite reach what they are multiplied with, and nothing around it`(
    _ extreme: Float, _ how: (algorithm: ConvolutionAlgorithm, isTransposed: Bool, stride: Int)
  ) throws {
    let testCase = Case(
      algorithm: how.algorithm, isTransposed: how.isTransposed, input: [1, 16, 4, 5], outChannels: 16, kernel: 4,
      stride: how.stride)
    var operands = testCase.operands
    operands[1].withUnsafeMutableBufferPointer { $0[16 * 4 + 1] = extreme }
    let shape = try testCase.operation.outputShape(of: operands.map(\.shape))
    let reference = testCase.reference(operands, shape: shape)
    withEveryKernelTable { kernels in
      let value = ConvolutionAlgorithm.$forced.withValue(how.algorithm) { () -> Tensor in
        how.isTransposed
          ? convTranspose2d(operands[0], operands[1], operands[2], stride: PerAxis(how.stride), padding: 1)
          : conv2d(operands[0], operands[1], operands[2], stride: PerAxis(how.stride), padding: 1)
      }
      let isSame = zip(value.elements, reference.values).allSatisfy {
        $0.isFinite && $1.isFinite || $0.isNaN && $1.isNaN || Double($0) == $1
      }
      #expect(isSame && value.elements.contains { !$0.isFinite }, "\(kernels.name)")
      #expect(value.elements.contains { $0.isFinite })
    }
  }

  /// Expects NaN and infinities at the same places, and finite values between them that agree.
  private func expectSameClasses(_ value: Tensor, _ direct: Tensor, _ label: String) {
    var wrong = 0
    for (ours, theirs) in zip(value.elements, direct.elements) {
      let isSame =
        ours.isFinite && theirs.isFinite
        ? true : ours.isNaN && theirs.isNaN || ours == theirs
      if !isSame { wrong += 1 }
    }
    #expect(wrong == 0, "\(label): \(wrong) of \(value.elements.count) elements")
    #expect(direct.elements.contains { !$0.isFinite } || value.elements.allSatisfy(\.isFinite), "\(label)")
  }

  @Test func `it is chosen for many channels of large pictures, and for nothing small`() {
    func isChosen(
      _ transposed: Bool, _ channels: (Int, Int), kernel: Int, stride: Int, size: Int,
      by algorithm: ConvolutionAlgorithm = .winograd
    ) -> Bool {
      let input = Tensor.random([1, channels.0, size, size], seed: 1)
      let weight = Tensor.random(
        transposed ? [channels.0, channels.1, kernel, kernel] : [channels.1, channels.0, kernel, kernel], seed: 2)
      func run() -> Tensor {
        transposed
          ? convTranspose2d(input, weight, stride: PerAxis(stride), padding: 1)
          : conv2d(input, weight, stride: PerAxis(stride), padding: 1)
      }
      let (free, direct) = (run(), ConvolutionAlgorithm.$forced.withValue(.direct, operation: run))
      return free != direct && free == ConvolutionAlgorithm.$forced.withValue(algorithm, operation: run)
    }
    #expect(isChosen(false, (64, 64), kernel: 3, stride: 1, size: 64))
    #expect(isChosen(true, (64, 32), kernel: 4, stride: 2, size: 160))
    #expect(!isChosen(false, (64, 64), kernel: 3, stride: 1, size: 4))
    #expect(!isChosen(true, (3, 32), kernel: 4, stride: 2, size: 64))
    #expect(!isChosen(false, (3, 64), kernel: 3, stride: 2, size: 64))
    #expect(isChosen(true, (256, 128), kernel: 4, stride: 2, size: 8, by: .winogradSmallTiles))
    #expect(isChosen(true, (128, 64), kernel: 4, stride: 2, size: 16, by: .winogradChannels))
    #expect(isChosen(false, (64, 64), kernel: 3, stride: 2, size: 64, by: .winogradChannels))
    #expect(isChosen(true, (512, 256), kernel: 4, stride: 2, size: 4, by: .directChannels))
    #expect(isChosen(true, (56, 1), kernel: 9, stride: 2, size: 128, by: .winogradRows))
    #expect(isChosen(true, (128, 3), kernel: 4, stride: 2, size: 64, by: .overlapAdd))
    #expect(!isChosen(true, (4, 3), kernel: 4, stride: 2, size: 128, by: .overlapAdd))
    #expect(!isChosen(false, (64, 3), kernel: 3, stride: 1, size: 64, by: .overlapAdd))
    #expect(isChosen(false, (16, 16), kernel: 11, stride: 1, size: 32, by: .winogradRows))
    #expect(isChosen(false, (1, 56), kernel: 5, stride: 1, size: 64, by: .winogradRows))
    #expect(!isChosen(false, (8, 8), kernel: 2, stride: 1, size: 128, by: .winogradRows))
  }
}

extension Tensor {
  /// Those of the elements, all NaN being alike.
  var bits: [UInt32] { elements.map { $0.isNaN ? Float.nan.bitPattern : $0.bitPattern } }
}
