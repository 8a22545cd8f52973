import KakudaiTensors
import TestSupport
import Testing

/// A convolution computed some rows at a time, from a ring into a ring, has the bits of the whole one.
struct RowConvolutionTests {
  /// A ring of rows with zeros around them, kept by the test.
  private struct Ring {
    let storage: Storage
    let window: RowWindow

    init(channels: Int, rows: Int, height: Int, width: Int, margins: (left: Int, right: Int)) {
      let rowStride = margins.left + width + margins.right + 3
      let channelStride = (rows + 1) * rowStride
      storage = Storage(count: channels * channelStride)
      // What is read without having been written shows.
      storage.elements.update(repeating: .nan, count: storage.count)
      for channel in 0..<channels {
        for row in 0...rows {
          let start = storage.elements + channel * channelStride + row * rowStride
          start.update(repeating: 0, count: row == rows ? rowStride : margins.left)
          (start + margins.left + width).update(repeating: 0, count: margins.right)
        }
      }
      window = RowWindow(
        base: storage.elements + margins.left, channelStride: channelStride, rowStride: rowStride, slots: rows,
        height: height, width: width,
        zeros: RowWindow.Zeros(left: margins.left, right: margins.right, row: rows * rowStride))
    }
  }

  /// Feeds `input` row by row; each step computes up to `stepRows` output rows in two column strips.
  static func streamed(
    _ convolution: RowConvolution, _ input: Tensor, residual: Tensor, output: Shape, stepRows: Int
  ) -> Tensor {
    let (inputHeight, inputWidth) = (input.shape[-2], input.shape[-1])
    let (height, width) = (output[-2], output[-1])
    var mostRows = 1
    for first in 0..<height {
      mostRows = max(mostRows, convolution.inputRows(0, for: first..<min(first + stepRows, height)).count)
    }
    let source = Ring(
      channels: input.shape[-3], rows: mostRows, height: inputHeight, width: inputWidth,
      margins: convolution.margins(0) ?? (0, 0))
    let target = Ring(channels: output[-3], rows: stepRows, height: height, width: width, margins: (2, 1))
    let addend = RowWindow(planes: residual.storage.elements, height: height, width: width)
    let scratch = convolution.makeScratch()
    let strip = min(width, (width / 2 + convolution.columnUnit - 1) / convolution.columnUnit * convolution.columnUnit)
    var held = 0
    return Tensor(shape: output) { result in
      for first in stride(from: 0, to: height, by: stepRows) {
        let rows = first..<min(first + stepRows, height)
        while held < convolution.inputRows(0, for: rows).upperBound {
          for channel in 0..<input.shape[-3] {
            source.window.row(held, channel: channel).update(
              from: input.storage.elements + (channel * inputHeight + held) * inputWidth, count: inputWidth)
          }
          held += 1
        }
        for columns in [0..<strip, strip..<width] where !columns.isEmpty {
          convolution.compute(
            rows: rows, columns: columns, from: [source.window, addend], to: target.window, scratch)
        }
        for channel in 0..<output[-3] {
          for row in rows {
            (result.baseAddress! + (channel * height + row) * width).update(
              from: target.window.row(row, channel: channel), count: width)
          }
        }
      }
      withExtendedLifetime((source, target, residual)) {}
    }
  }

  @Test(arguments: ConvolutionTests.drawn)
  func `rows have the bits of the whole`(_ testCase: ConvolutionTests.Case) throws {
    let picture: Shape = [testCase.input[1], testCase.input[2], testCase.input[3]]
    let input = Tensor.random(picture, seed: 1)
    let bias = Tensor.random([testCase.outChannels], seed: 3)
    let area = [testCase.kernel.height, testCase.kernel.width]
    let epilogue = ConvolutionEpilogue(
      activations: [PiecewiseLinearFunction(slope: 0.25, hinges: [.init(place: 0.5, height: -0.75)])], high: 2,
      residual: .beforeActivation)
    try withEveryKernelTable { kernels in
      for direction in [RowConvolution.Direction.convolution, .transposed] {
        let (geometry, weight, whole): (ConvolutionGeometry, Tensor, Tensor)
        switch direction {
        case .convolution:
          geometry = try ConvolutionGeometry(
            convolutionWith: .pixels(testCase.padding), kernelSize: testCase.kernel, stride: testCase.stride,
            dilation: testCase.dilation, groups: testCase.groups)
          weight = .random(Shape([testCase.outChannels, picture[0] / testCase.groups] + area), seed: 2)
          let operation = Convolution(geometry: geometry)
          let shape = try operation.outputShape(of: [picture, weight.shape, bias.shape])
          whole = operation.value(
            of: [input, weight, bias], shape: shape, epilogue: epilogue, residual: .random(shape, seed: 4))
        case .transposed:
          geometry = testCase.transposedGeometry
          weight = .random(Shape([picture[0], testCase.outChannels / testCase.groups] + area), seed: 2)
          let operation = TransposedConvolution(geometry: geometry)
          let shape = try operation.outputShape(of: [picture, weight.shape, bias.shape])
          whole = operation.value(
            of: [input, weight, bias], shape: shape, epilogue: epilogue, residual: .random(shape, seed: 4))
        }
        let rows = try RowConvolution(
          direction, geometry, weight: weight, bias: bias, epilogue: epilogue, input: picture)
        #expect(rows.outputHeight == whole.shape[1] && rows.outputWidth == whole.shape[2])
        for stepRows in [1, 3, whole.shape[1]] {
          let streamed = Self.streamed(
            rows, input, residual: .random(whole.shape, seed: 4), output: whole.shape, stepRows: stepRows)
          #expect(streamed == whole, "\(kernels.name), \(direction), \(stepRows) rows a step")
        }
      }
    }
  }
}
