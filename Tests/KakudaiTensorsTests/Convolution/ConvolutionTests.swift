import KakudaiTensors
import TestSupport
import Testing

/// Values and gradients of both convolutions against plain sums in Double, on every instruction set.
struct ConvolutionTests {
  struct Case: Sendable, CustomTestStringConvertible {
    var input: Shape
    var outChannels: Int
    var kernel: PerAxis
    var stride: PerAxis = 1
    var padding: PerAxis = 0
    var outputPadding: PerAxis = 0
    var dilation: PerAxis = 1
    var groups = 1

    var transposedGeometry: ConvolutionGeometry {
      ConvolutionGeometry(
        transposedWith: padding, stride: stride, outputPadding: outputPadding, dilation: dilation, groups: groups)
    }

    /// Whether both convolutions have an output.
    var hasOutputs: Bool {
      let area = [kernel.height, kernel.width]
      let transposed = try? TransposedConvolution(geometry: transposedGeometry).outputShape(
        of: [input, Shape([input[1], outChannels / groups] + area)])
      let correlated = try? Convolution(
        geometry: ConvolutionGeometry(
          convolutionWith: .pixels(padding), kernelSize: kernel, stride: stride, dilation: dilation, groups: groups)
      ).outputShape(of: [input, Shape([outChannels, input[1] / groups] + area)])
      return transposed != nil && correlated != nil
    }

    var testDescription: String {
      """
      \(input)→\(outChannels), kernel \(kernel), stride \(stride), padding \(padding), output padding \(outputPadding), \
      dilation \(dilation), groups \(groups)
      """
    }
  }

  /// Drawn once; every parameter varies with every other.
  static let drawn: [Case] = {
    var generator = RandomGenerator(seed: 11)
    func draw(_ range: ClosedRange<Int>) -> Int { range.lowerBound + generator.nextIndex(below: range.count) }
    var cases: [Case] = []
    var index = 0
    while cases.count < 120 {
      index += 1
      let groups = [1, 1, 1, 2, 3][draw(0...4)]
      let largeKernel = index % 4 == 0
      let largeStride = index % 6 == 0
      let stride = PerAxis(height: draw(1...(largeStride ? 7 : 3)), width: draw(1...(largeStride ? 7 : 3)))
      let dilation = PerAxis(height: draw(1...3), width: draw(1...3))
      let drawn = Case(
        input: [draw(1...2), groups * draw(1...4), draw(1...9), draw(1...(index % 3 == 0 ? 70 : 9))],
        outChannels: groups * draw(1...(index % 10 == 0 ? 17 : 4)),
        kernel: PerAxis(height: draw(1...(largeKernel ? 9 : 4)), width: draw(1...(largeKernel ? 9 : 4))),
        stride: stride, padding: PerAxis(height: draw(0...4), width: draw(0...4)),
        outputPadding: PerAxis(
          height: draw(0...max(stride.height, dilation.height) - 1),
          width: draw(0...max(stride.width, dilation.width) - 1)),
        dilation: dilation, groups: groups)
      if drawn.hasOutputs { cases.append(drawn) }
    }
    return cases
  }()

  /// Small maps of many channels, whose weight gradients are products of matrices.
  static let smallMaps: [Case] = [
    Case(input: [2, 64, 4, 4], outChannels: 64, kernel: 4, stride: 2, padding: 1),
    Case(input: [3, 67, 1, 1], outChannels: 65, kernel: 3, padding: 1),
    Case(input: [1, 70, 5, 7], outChannels: 77, kernel: [3, 2], stride: [1, 3], padding: [2, 0], dilation: [2, 3]),
    Case(
      input: [2, 130, 3, 2], outChannels: 128, kernel: [5, 1], stride: 3, padding: [1, 0], outputPadding: 1, groups: 2),
  ]

  /// A group for each channel, with the kernels and strides that such layers have, on rows shorter and longer than vectors.
  static let depthwise: [Case] = [1, 4, 7, 15, 16, 17, 33, 40, 67].flatMap { width in
    [
      Case(input: [2, 3, 4, width], outChannels: 3, kernel: 4, stride: 2, padding: 1, groups: 3),
      Case(input: [1, 3, 3, width], outChannels: 3, kernel: 4, stride: 2, outputPadding: 1, groups: 3),
      Case(input: [1, 2, 4, width], outChannels: 2, kernel: 3, stride: 2, padding: 1, outputPadding: 1, groups: 2),
      Case(input: [1, 2, 4, width], outChannels: 2, kernel: 3, stride: 2, groups: 2),
      Case(input: [1, 2, 3, width], outChannels: 2, kernel: 2, stride: 2, groups: 2),
      Case(input: [1, 2, 4, width], outChannels: 2, kernel: [3, 4], stride: 2, padding: [0, 1], groups: 2),
      Case(input: [1, 2, 3, width], outChannels: 2, kernel: [4, 2], stride: 2, padding: [1, 0], groups: 2),
    ].filter(\.hasOutputs)
  }

  /// Rows that end within a vector, but are longer than one.
  static let oddRows: [Case] = [20, 28, 37, 90, 135].flatMap { width in
    [
      Case(input: [1, 3, 3, width], outChannels: 11, kernel: 4, stride: 2, padding: 1),
      Case(input: [1, 2, 3, width], outChannels: 2, kernel: 3, stride: 2, padding: 1),
      Case(input: [1, 4, 3, width], outChannels: 13, kernel: 3, padding: 1),
    ]
  }

  /// Short rows of whole cache lines, several of which are computed as one: two phases in registers, and more of them.
  static let joinedRows: [Case] = [
    Case(input: [1, 6, 9, 8], outChannels: 7, kernel: 2, stride: 2),
    Case(input: [2, 5, 7, 24], outChannels: 13, kernel: 2, stride: 2),
    Case(input: [1, 6, 5, 16], outChannels: 7, kernel: 3, stride: 3),
    Case(input: [1, 6, 5, 4], outChannels: 7, kernel: 4, stride: 4),
    Case(input: [1, 9, 6, 16], outChannels: 5, kernel: [2, 1], stride: [2, 1]),
  ]

  @Test(arguments: drawn + smallMaps + depthwise + oddRows + joinedRows)
  func `convTranspose2d is the plain sum, and so are its gradients`(
    _ testCase: Case
  ) throws {
    let weightShape: Shape = [
      testCase.input[1], testCase.outChannels / testCase.groups, testCase.kernel.height, testCase.kernel.width,
    ]
    let operands: [Tensor] = [
      .random(testCase.input, seed: 1), .random(weightShape, seed: 2), .random([testCase.outChannels], seed: 3),
    ]
    let operation = TransposedConvolution(geometry: testCase.transposedGeometry)
    let shape = try operation.outputShape(of: operands.map(\.shape))
    let reference = ConvolutionReference(
      stride: testCase.stride, padding: testCase.padding, dilation: testCase.dilation, groups: testCase.groups)
    let cotangent = Tensor.random(shape, seed: 4)
    withEveryKernelTable { kernels in
      let value = convTranspose2d(
        operands[0], operands[1], operands[2], stride: testCase.stride, padding: testCase.padding,
        outputPadding: testCase.outputPadding, groups: testCase.groups, dilation: testCase.dilation)
      expectWithinRounding(
        value, reference.fine(coarse: operands[0], weight: operands[1], bias: operands[2], shape: shape), kernels.name)
      let gradients = valueAndGradient(of: operands) { Projection(cotangent: cotangent)(operation.apply(to: $0)) }
        .gradient
      expectWithinRounding(
        gradients[0], reference.coarse(fine: cotangent, weight: operands[1], bias: nil, shape: testCase.input),
        "\(kernels.name), input")
      expectWithinRounding(
        gradients[1], reference.weightGradient(fine: cotangent, coarse: operands[0], shape: weightShape),
        "\(kernels.name), weight")
      expectWithinRounding(gradients[2], reference.biasGradient(cotangent), "\(kernels.name), bias")
    }
  }

  @Test(arguments: drawn + smallMaps + depthwise + oddRows)
  func `conv2d is the plain sum, and so are its gradients`(_ testCase: Case) throws {
    let weightShape: Shape = [
      testCase.outChannels, testCase.input[1] / testCase.groups, testCase.kernel.height, testCase.kernel.width,
    ]
    let operands: [Tensor] = [
      .random(testCase.input, seed: 1), .random(weightShape, seed: 2), .random([testCase.outChannels], seed: 3),
    ]
    let geometry = try ConvolutionGeometry(
      convolutionWith: .pixels(testCase.padding), kernelSize: testCase.kernel, stride: testCase.stride,
      dilation: testCase.dilation, groups: testCase.groups)
    let operation = Convolution(geometry: geometry)
    let shape = try operation.outputShape(of: operands.map(\.shape))
    let reference = ConvolutionReference(
      stride: testCase.stride, padding: testCase.padding, dilation: testCase.dilation, groups: testCase.groups)
    let cotangent = Tensor.random(shape, seed: 4)
    withEveryKernelTable { kernels in
      expectWithinRounding(
        operation.apply(to: operands),
        reference.coarse(fine: operands[0], weight: operands[1], bias: operands[2], shape: shape), kernels.name)
      let gradients = valueAndGradient(of: operands) { Projection(cotangent: cotangent)(operation.apply(to: $0)) }
        .gradient
      expectWithinRounding(
        gradients[0], reference.fine(coarse: cotangent, weight: operands[1], bias: nil, shape: testCase.input),
        "\(kernels.name), input")
      expectWithinRounding(
        gradients[1], reference.weightGradient(fine: operands[0], coarse: cotangent, shape: weightShape),
        "\(kernels.name), weight")
      expectWithinRounding(gradients[2], reference.biasGradient(cotangent), "\(kernels.name), bias")
    }
  }

  @Test func `the article's layer doubles 28 pixels to 56`() {
    let output = convTranspose2d(.random([1, 3, 28, 28]), .random([3, 3, 4, 4]), stride: 2, padding: 1)
    #expect(output.shape == [1, 3, 56, 56])
  }

  @Test func `a picture without a batch axis and an empty batch work`() {
    let weight = Tensor.random([2, 3, 3, 3])
    let picture = Tensor.random([2, 5, 6])
    let alone = convTranspose2d(picture, weight, stride: 2)
    #expect(alone.shape == [3, 11, 13])
    #expect(
      alone.elements == convTranspose2d(Tensor(picture.elements, shape: [1, 2, 5, 6]), weight, stride: 2).elements)
    #expect(convTranspose2d(.zeros([0, 2, 5, 6]), weight).shape == [0, 3, 7, 8])
    let (_, gradient) = valueAndGradient(of: weight) { weight in
      Projection(cotangent: .zeros([0, 3, 7, 8]))(convTranspose2d(.zeros([0, 2, 5, 6]), weight))
    }
    #expect(gradient == .zeros([2, 3, 3, 3]))
  }

  @Test func `outputSize chooses among the sizes that the stride makes possible`() {
    let (input, weight) = (Tensor.random([1, 1, 5, 5]), Tensor.random([1, 1, 3, 3]))
    #expect(convTranspose2d(input, weight, stride: 2, padding: 1, outputSize: [9, 10]).shape == [1, 1, 9, 10])
  }

  @Test func `same padding keeps the size and puts the odd pixel at the end`() {
    let input = Tensor((0..<6).map(Float.init), shape: [1, 1, 1, 6])
    let weight = Tensor([1, 0, 0, 0], shape: [1, 1, 1, 4])
    #expect(conv2d(input, weight, padding: .same).elements == [0, 0, 1, 2, 3, 4])
    #expect(conv2d(input, weight, padding: .same).shape == [1, 1, 1, 6])
  }

  @Test func `results do not depend on the number of threads`() {
    let input = Tensor.random([1, 24, 40, 67])
    let weight = Tensor.random([24, 20, 4, 4], seed: 2)
    let cotangent = Tensor.random([1, 20, 80, 134], seed: 3)
    func run() -> [Tensor] {
      let operation = TransposedConvolution(
        geometry: ConvolutionGeometry(transposedWith: 1, stride: 2, outputPadding: 0, dilation: 1, groups: 1))
      return [operation(input, weight)]
        + valueAndGradient(of: [input, weight]) { Projection(cotangent: cotangent)(operation.apply(to: $0)) }.gradient
    }
    let one = withThreadCount(1, run)
    for threads in [2, 3, 7] { #expect(withThreadCount(threads, run) == one) }
    let small = Tensor.random([3, 96, 6, 6])
    func gradient() -> Tensor {
      valueAndGradient(of: Tensor.random([96, 40, 4, 4], seed: 2)) {
        Projection(cotangent: .random([3, 40, 12, 12], seed: 3))(convTranspose2d(small, $0, stride: 2, padding: 1))
      }.gradient
    }
    #expect(withThreadCount(3, gradient) == withThreadCount(1, gradient))
  }

  @Test func `NaN and infinity reach exactly the outputs they are added to`() {
    var input = Tensor.ones([1, 1, 9, 40])
    input.withUnsafeMutableBufferPointer {
      $0[4 * 40 + 20] = .nan
      $0[4 * 40 + 3] = .infinity
    }
    let weight = Tensor.ones([1, 1, 3, 3])
    let reference = ConvolutionReference(stride: 2, padding: 1)
    withEveryKernelTable { _ in
      expectWithinRounding(
        convTranspose2d(input, weight, stride: 2, padding: 1),
        reference.fine(coarse: input, weight: weight, bias: nil, shape: [1, 1, 17, 79]))
      expectWithinRounding(
        conv2d(input, weight, stride: 2, padding: 1),
        reference.coarse(fine: input, weight: weight, bias: nil, shape: [1, 1, 5, 20]))
    }
  }

  @Test func `a weight that is changed in place is used as it is then`() {
    let input = Tensor.random([1, 2, 5, 6])
    var weight = Tensor.random([2, 3, 4, 4], seed: 2)
    let before = convTranspose2d(input, weight, stride: 2)
    let copy = weight
    weight.withUnsafeMutableBufferPointer { for index in $0.indices { $0[index] *= 2 } }
    #expect(convTranspose2d(input, weight, stride: 2) == before * 2)
    #expect(convTranspose2d(input, copy, stride: 2) == before)
    weight.withUnsafeMutableBufferPointer { for index in $0.indices { $0[index] *= 2 } }
    #expect(convTranspose2d(input, weight, stride: 2) == before * 4)
    // The same weight read by other operations is packed for each.
    #expect(
      convTranspose2d(input, copy, stride: 1, padding: 1)
        == convTranspose2d(input, Tensor(copy.elements, shape: copy.shape), stride: 1, padding: 1))
  }

  // 8 MB and more go past the caches, which needs aligned rows: here the first and the last of a block are, the others not.
  @Test func `large outputs whose planes are not aligned`() {
    let input = Tensor.uniform([1, 1, 434, 444])
    let output = conv2d(input, Tensor((0..<11).map { Float($0) }, shape: [11, 1, 1, 1]))
    for channel in 0..<11 { #expect(output.sliced(1, channel..<channel + 1) == input * Float(channel)) }
  }
}
