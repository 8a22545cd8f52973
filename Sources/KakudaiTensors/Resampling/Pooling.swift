/// One axis of a pooling: windows of `kernel` samples, `dilation` apart, `stride` from one to the next.
struct PoolingAxis: Hashable, Sendable {
  var kernel: Int
  var stride: Int
  var padding: Int
  var dilation = 1
  var roundsUp: Bool

  /// The number of windows; one that would begin in the padding after the end is left out.
  func outputLength(_ length: Int, of input: Shape, _ operation: String) throws(ShapeError) -> Int {
    guard kernel > 0 && stride > 0 && dilation > 0 else {
      throw ShapeError(
        operation, "kernel, stride and dilation must be positive, but are \(kernel), \(stride) and \(dilation)")
    }
    let reach = dilation * (kernel - 1) + 1
    guard padding >= 0 && padding <= reach / 2 else {
      throw ShapeError(operation, "the padding must be at most half of the kernel's \(reach), but is \(padding)")
    }
    guard length > 0, length + 2 * padding >= reach || roundsUp else {
      throw ShapeError(
        operation, "a window of \(reach) does not fit into \(length) padded by \(padding), input \(input)")
    }
    let last = length + 2 * padding - reach + (roundsUp ? stride - 1 : 0)
    guard last >= 0 else {
      throw ShapeError(
        operation, "a window of \(reach) does not fit into \(length) padded by \(padding), input \(input)")
    }
    let count = last / stride + 1
    return roundsUp && (count - 1) * stride >= length + padding ? count - 1 : count
  }

  /// The samples of window `index`, all within `0..<length`.
  func window(_ index: Int, length: Int) -> StrideTo<Int> {
    let start = index * stride - padding
    let first = start < 0 ? start + (-start + dilation - 1) / dilation * dilation : start
    return Swift.stride(from: first, to: min(start + dilation * (kernel - 1) + 1, length), by: dilation)
  }

  /// How many samples of window `index` a mean counts when it counts the padding.
  func countWithPadding(_ index: Int, length: Int) -> Int {
    let start = index * stride - padding
    return min(start + kernel, length + padding) - start
  }
}

/// The largest element, or the mean, of windows; `(N, C, H, W)` or `(C, H, W)`.
struct Pooling: Operation {
  enum Kind: Hashable, Sendable {
    /// NaN counts as the largest; the first of equals gets the gradient.
    case maximum
    case average(countsPadding: Bool, divisor: Int?)
  }

  static let name = "pooling"
  let kind: Kind
  let vertical: PoolingAxis
  let horizontal: PoolingAxis

  private var operationName: String { kind == .maximum ? "maxPool2d" : "averagePool2d" }

  func outputShape(of inputs: [Shape]) throws(ShapeError) -> Shape {
    let input = inputs[0]
    guard input.rank == 3 || input.rank == 4 else {
      throw ShapeError(operationName, "the input must be (N, C, H, W) or (C, H, W), but is \(input)")
    }
    if case .average(_, 0?) = kind { throw ShapeError(operationName, "the divisor must not be 0") }
    return Shape(
      input.dimensions.dropLast(2) + [
        try vertical.outputLength(input[-2], of: input, operationName),
        try horizontal.outputLength(input[-1], of: input, operationName),
      ])
  }

  func value(of inputs: [Tensor], shape: Shape) -> Tensor {
    Tensor(shape: shape) { output in
      inputs[0].withUnsafeBufferPointer { input in
        forEachWindow(inputs[0].shape, shape) { index, plane, rows, columns, count in
          switch kind {
          case .maximum: output[index] = input[largest(input, plane, rows, columns, width: inputs[0].shape[-1])]
          case .average:
            var sum = 0.0
            for y in rows { for x in columns { sum += Double(input[plane + y * inputs[0].shape[-1] + x]) } }
            output[index] = Float(sum / Double(count))
          }
        }
      }
    }
  }

  func gradients(_ context: GradientContext) -> [Tensor?] {
    let shape = context.inputs[0].shape
    var gradient = Tensor.zeros(shape)
    gradient.withUnsafeMutableBufferPointer { gradient in
      context.inputs[0].withUnsafeBufferPointer { input in
        context.cotangent.withUnsafeBufferPointer { cotangent in
          forEachWindow(shape, context.output.shape) { index, plane, rows, columns, count in
            switch kind {
            case .maximum: gradient[largest(input, plane, rows, columns, width: shape[-1])] += cotangent[index]
            case .average:
              let share = cotangent[index] / Float(count)
              for y in rows { for x in columns { gradient[plane + y * shape[-1] + x] += share } }
            }
          }
        }
      }
    }
    return [gradient]
  }

  private func largest(
    _ input: UnsafeBufferPointer<Float>, _ plane: Int, _ rows: StrideTo<Int>, _ columns: StrideTo<Int>, width: Int
  ) -> Int {
    var largest = -1
    for y in rows {
      for x in columns {
        let index = plane + y * width + x
        if largest < 0 || input[index] > input[largest] || input[index].isNaN { largest = index }
      }
    }
    return largest
  }

  /// What the sum of a window is divided by.
  func divisor(_ y: Int, _ x: Int, _ rows: StrideTo<Int>, _ columns: StrideTo<Int>, size: PerAxis) -> Int {
    guard case .average(let countsPadding, let divisor) = kind else { return 1 }
    return divisor
      ?? (countsPadding
        ? vertical.countWithPadding(y, length: size.height) * horizontal.countWithPadding(x, length: size.width)
        : rows.underestimatedCountOfAll * columns.underestimatedCountOfAll)
  }

  /// `body` for every output: its index, where its input plane begins, its rows and columns, and what to divide by.
  private func forEachWindow(
    _ input: Shape, _ output: Shape, _ body: (Int, Int, StrideTo<Int>, StrideTo<Int>, Int) -> Void
  ) {
    let (outputHeight, outputWidth) = (output[-2], output[-1])
    let planes = output.dimensions.dropLast(2).reduce(1, *)
    Parallel.forEach(
      planes, minimumPerThread: max(1, elementsPerThread / max(1, input[-2] * input[-1]))
    ) { range in
      for plane in range {
        for y in 0..<outputHeight {
          let rows = vertical.window(y, length: input[-2])
          for x in 0..<outputWidth {
            let columns = horizontal.window(x, length: input[-1])
            let count = divisor(y, x, rows, columns, size: PerAxis(height: input[-2], width: input[-1]))
            body((plane * outputHeight + y) * outputWidth + x, plane * input[-2] * input[-1], rows, columns, count)
          }
        }
      }
    }
  }
}

extension StrideTo<Int> {
  fileprivate var underestimatedCountOfAll: Int { reduce(0) { count, _ in count + 1 } }
}

/// The largest element of each window, PyTorch's `F.max_pool2d`; `(N, C, H, W)` or `(C, H, W)`.
///
/// - Parameters:
///   - stride: From one window to the next; the kernel size by default.
///   - padding: Pixels at both ends that are never the largest; at most half of the kernel.
///   - ceilMode: Whether a last window that reaches beyond the end counts.
public func maxPool2d(
  _ x: Tensor, kernelSize: PerAxis, stride: PerAxis? = nil, padding: PerAxis = 0, dilation: PerAxis = 1,
  ceilMode: Bool = false
) -> Tensor {
  let stride = stride ?? kernelSize
  return Pooling(
    kind: .maximum,
    vertical: PoolingAxis(
      kernel: kernelSize.height, stride: stride.height, padding: padding.height, dilation: dilation.height,
      roundsUp: ceilMode),
    horizontal: PoolingAxis(
      kernel: kernelSize.width, stride: stride.width, padding: padding.width, dilation: dilation.width,
      roundsUp: ceilMode))(x)
}

/// The mean of each window, PyTorch's `F.avg_pool2d`; `(N, C, H, W)` or `(C, H, W)`.
///
/// - Parameters:
///   - countIncludePad: Whether zeros of the padding count as elements.
///   - divisorOverride: What sums are divided by, in place of the number of elements.
public func averagePool2d(
  _ x: Tensor, kernelSize: PerAxis, stride: PerAxis? = nil, padding: PerAxis = 0, ceilMode: Bool = false,
  countIncludePad: Bool = true, divisorOverride: Int? = nil
) -> Tensor {
  let stride = stride ?? kernelSize
  return Pooling(
    kind: .average(countsPadding: countIncludePad, divisor: divisorOverride),
    vertical: PoolingAxis(
      kernel: kernelSize.height, stride: stride.height, padding: padding.height, roundsUp: ceilMode),
    horizontal: PoolingAxis(
      kernel: kernelSize.width, stride: stride.width, padding: padding.width, roundsUp: ceilMode))(x)
}

/// The mean of windows that divide the picture into `outputSize` parts, PyTorch's `F.adaptive_avg_pool2d`.
///
/// Window i covers ⌊i·in/out⌋ ..< ⌈(i + 1)·in/out⌉, which is what mode `area` of `interpolate` computes.
public func adaptiveAveragePool2d(_ x: Tensor, outputSize: PerAxis) -> Tensor {
  guard x.rank == 3 || x.rank == 4 else {
    fatalError("adaptiveAveragePool2d: the input must be (N, C, H, W) or (C, H, W), but is \(x.shape)")
  }
  let pooled = interpolate(
    x.rank == 3 ? x.reshaped(to: [1] + x.shape.dimensions) : x, size: [outputSize.height, outputSize.width], mode: .area
  )
  return x.rank == 3 ? pooled.reshaped(to: Array(pooled.shape.dimensions.dropFirst())) : pooled
}
