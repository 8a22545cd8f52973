import KakudaiTensors
import TestSupport
import Testing

/// An epilogue gives the bits that its operations give one by one afterwards, however the kernel stores its sums.
struct ConvolutionEpilogueTests {
  struct Case: Sendable, CustomTestStringConvertible {
    var about: String
    var input: Shape
    var outChannels: Int
    var kernel: Int
    var stride = 1
    var groups = 1
    var testDescription: String { about }
  }

  static let cases = [
    Case(about: "rows of whole vectors", input: [1, 2, 3, 66], outChannels: 13, kernel: 3),
    Case(about: "a row that ends within a vector", input: [2, 3, 2, 39], outChannels: 5, kernel: 1),
    Case(about: "rows that are joined", input: [1, 4, 9, 7], outChannels: 7, kernel: 3),
    Case(about: "two phases that alternate", input: [1, 3, 5, 37], outChannels: 4, kernel: 4, stride: 2),
    Case(about: "joined rows of cache lines", input: [1, 6, 9, 8], outChannels: 7, kernel: 2, stride: 2),
    Case(about: "five phases of joined rows", input: [2, 2, 5, 3], outChannels: 2, kernel: 6, stride: 5),
    Case(about: "vertical phases in one call", input: [1, 6, 4, 20], outChannels: 1, kernel: 9, stride: 2),
    Case(about: "a group for each channel", input: [1, 5, 6, 23], outChannels: 5, kernel: 4, stride: 2, groups: 5),
    Case(about: "narrow kernels of groups", input: [1, 3, 5, 34], outChannels: 3, kernel: 3, stride: 2, groups: 3),
    Case(about: "two phases ending within a vector", input: [1, 2, 3, 27], outChannels: 9, kernel: 4, stride: 2),
    Case(about: "groups beyond the caches", input: [1, 3, 430, 430], outChannels: 3, kernel: 4, stride: 2, groups: 3),
    Case(about: "an output beyond the caches", input: [1, 1, 434, 444], outChannels: 11, kernel: 1),
    Case(about: "phases beyond the caches", input: [1, 1, 250, 530], outChannels: 5, kernel: 2, stride: 2),
  ]

  static func epilogues(channels: Int) -> [ConvolutionEpilogue] {
    let slopes = (0..<channels).map { PiecewiseLinearFunction(slope: Float($0) / 4 - 0.5) }
    func hinged(_ count: Int) -> [PiecewiseLinearFunction] {
      slopes.map { function in
        PiecewiseLinearFunction(
          slope: function.slope,
          hinges: (0..<count).map {
            .init(place: Float($0) / 2 - function.slope, height: function.slope / 2 - Float($0))
          })
      }
    }
    return [
      .relu, .leakyReLU(0.25), ConvolutionEpilogue(activations: slopes), ConvolutionEpilogue(low: -0.5, high: 0.75),
      ConvolutionEpilogue(residual: .beforeActivation),
      ConvolutionEpilogue(activations: slopes, low: -1, high: 1, residual: .beforeActivation),
      ConvolutionEpilogue(activations: slopes, low: -1, high: 1, residual: .afterActivation),
      ConvolutionEpilogue(activations: hinged(3)), ConvolutionEpilogue(activations: hinged(8)),
      ConvolutionEpilogue(activations: hinged(3), low: -1, high: 1, residual: .beforeActivation),
      ConvolutionEpilogue(activations: hinged(8), low: -1, high: 1, residual: .afterActivation),
    ]
  }

  /// The epilogue, one operation after the other, on `(N, C, H, W)`.
  static func applied(_ epilogue: ConvolutionEpilogue, to sums: Tensor, residual: Tensor) -> Tensor {
    let (functions, plane) = (epilogue.activations, sums.shape[2] * sums.shape[3])
    let before = epilogue.residual == .beforeActivation ? sums + residual : sums
    let hasHinges = functions.contains { !$0.hinges.isEmpty }
    let pairs = zip((hasHinges ? hinged(before, functions) : before).elements, residual.elements).enumerated()
    let elements = pairs.map { index, pair in
      var value = pair.0
      if !functions.isEmpty && !hasHinges {
        let slope = functions[functions.count == 1 ? 0 : index / plane % sums.shape[1]].slope
        value = value > 0 ? value : slope * value
      }
      if value <= epilogue.low { value = epilogue.low }
      if value > epilogue.high { value = epilogue.high }
      return epilogue.residual == .afterActivation ? value + pair.1 : value
    }
    return Tensor(elements, shape: sums.shape)
  }

  private static func hinged(_ values: Tensor, _ functions: [PiecewiseLinearFunction]) -> Tensor {
    let shape: Shape = [functions.count, functions[0].hinges.count]
    return piecewiseLinear(
      values, slopes: Tensor(functions.map(\.slope)),
      places: Tensor(functions.flatMap { $0.hinges.map(\.place) }, shape: shape),
      heights: Tensor(functions.flatMap { $0.hinges.map(\.height) }, shape: shape))
  }

  func expectSameBits(_ actual: Tensor, _ expected: Tensor, _ about: String) {
    let different = zip(actual.elements, expected.elements).enumerated().first {
      $0.element.0.bitPattern != $0.element.1.bitPattern && !($0.element.0.isNaN && $0.element.1.isNaN)
    }
    #expect(different == nil, "\(about): element \(different!.offset) is \(different!.element)")
  }

  @Test(arguments: cases) func `an epilogue is its operations one by one`(_ testCase: Case) throws {
    var input = Tensor.random(testCase.input)
    input.withUnsafeMutableBufferPointer {
      ($0[0], $0[$0.count / 2], $0[$0.count - 1]) = (.nan, -.infinity, .infinity)
    }
    let area = [testCase.kernel, testCase.kernel]
    let bias = Tensor.random([testCase.outChannels], seed: 3)
    let transposed = TransposedConvolution(
      geometry: ConvolutionGeometry(
        transposedWith: 0, stride: PerAxis(testCase.stride), outputPadding: 0, dilation: 1, groups: testCase.groups))
    let correlated = Convolution(
      geometry: try ConvolutionGeometry(
        convolutionWith: .pixels(PerAxis(testCase.kernel)), kernelSize: PerAxis(testCase.kernel),
        stride: PerAxis(testCase.stride), dilation: 1, groups: testCase.groups))
    let perGroup = (inputs: testCase.input[1] / testCase.groups, outputs: testCase.outChannels / testCase.groups)
    let transposedOperands = [input, .random(Shape([testCase.input[1], perGroup.outputs] + area), seed: 2), bias]
    let correlatedOperands = [input, .random(Shape([testCase.outChannels, perGroup.inputs] + area), seed: 2), bias]
    let isLarge = input.shape.elementCount > 100_000
    try withEveryKernelTable { kernels in
      for epilogue in Self.epilogues(channels: testCase.outChannels) {
        guard !isLarge || epilogue.residual == .afterActivation || epilogue == .relu else { continue }
        func expect(_ value: (ConvolutionEpilogue, Tensor?) -> Tensor) {
          let sums = value(.none, nil)
          let residual = Tensor.random(sums.shape, seed: 4)
          let expected = Self.applied(epilogue, to: sums, residual: residual)
          expectSameBits(value(epilogue, residual), expected, "\(kernels.name), \(epilogue)")
        }
        let transposedShape = try transposed.outputShape(of: transposedOperands.map(\.shape))
        expect { transposed.value(of: transposedOperands, shape: transposedShape, epilogue: $0, residual: $1) }
        let correlatedShape = try correlated.outputShape(of: correlatedOperands.map(\.shape))
        expect { correlated.value(of: correlatedOperands, shape: correlatedShape, epilogue: $0, residual: $1) }
      }
    }
  }

  @Test func `the named epilogues are the activations`() throws {
    let operation = Convolution(
      geometry: try ConvolutionGeometry(convolutionWith: 0, kernelSize: 1, stride: 1, dilation: 1, groups: 1))
    let operands: [Tensor] = [.random([1, 2, 5, 37]), .random([3, 2, 1, 1], seed: 2)]
    withEveryKernelTable { _ in
      let sums = operation.apply(to: operands)
      #expect(operation.value(of: operands, shape: sums.shape, epilogue: .relu) == relu(sums))
      #expect(
        operation.value(of: operands, shape: sums.shape, epilogue: .leakyReLU(0.125))
          == leakyReLU(sums, negativeSlope: 0.125))
    }
  }
}
