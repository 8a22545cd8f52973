/// Resampling along one axis: what `interpolate` does to each axis, the last one first.
package struct AxisResampling: Operation {
  package static let name = "resample"
  package let weights: ResamplingWeights
  /// −1 or −2.
  package let axis: Int

  package func outputShape(of inputs: [Shape]) throws(ShapeError) -> Shape {
    var dimensions = inputs[0].dimensions
    dimensions[dimensions.count + axis] = weights.outputLength
    return try Shape(validating: dimensions)
  }

  package func value(of inputs: [Tensor], shape: Shape) -> Tensor {
    weights.applied(to: inputs[0], inner: axis == -1 ? 1 : shape[-1], shape: shape)
  }

  package func gradients(_ context: GradientContext) -> [Tensor?] {
    let shape = context.inputs[0].shape
    return [weights.transposed.applied(to: context.cotangent, inner: axis == -1 ? 1 : shape[-1], shape: shape)]
  }
}

extension Interpolation {
  /// The operations on pictures that follow each other to the same result; axes that stay as they are have none.
  package func axes(from input: Shape, to output: Shape) -> [AxisResampling] {
    zip([-2, -1], weights(input, output)).reversed().compactMap { axis, weights in
      weights.isIdentity ? nil : AxisResampling(weights: weights, axis: axis)
    }
  }
}

extension ResamplingWeights {
  /// Whether every output sample is the input sample at its place.
  var isIdentity: Bool {
    inputLength == outputLength && starts == Array(0..<inputLength) && weights.count == inputLength
      && weights.allSatisfy { $0 == 1 }
  }
}

extension AxisResampling: RowOperation {
  package func rowKernel(_ inputs: [RowInput], shape: Shape) -> (any RowKernel)? {
    axis == -1
      ? HorizontalResampling(
        weights: weights, channels: shape[-3], multiplications: multiplications(shape), kernels: .current)
      : VerticalResampling(
        weights: weights, channels: shape[-3], multiplications: multiplications(shape), kernels: .current)
  }

  private func multiplications(_ shape: Shape) -> Int {
    shape.elementCount / max(1, weights.outputLength) * weights.weights.count
  }
}

private struct HorizontalResampling: RowKernel {
  let weights: ResamplingWeights
  let channels: Int
  let multiplications: Int
  let kernels: Kernels

  func inputColumns(_ index: Int, for columns: Range<Int>) -> Range<Int> { weights.needed(columns) }

  func compute(
    rows: Range<Int>, columns: Range<Int>, from inputs: [RowWindow], to output: RowWindow, _ scratch: (any RowScratch)?
  ) {
    guard let scratch = scratch as? ResamplingScratch else { fatalError("resampling needs its own scratch") }
    for y in rows {
      weights.resampleRows(
        channels, columns: columns, from: inputs[0].row(y, channel: 0), inputStride: inputs[0].channelStride,
        to: output.row(y, channel: 0), outputStride: output.channelStride, scratch: scratch.memory.elements, kernels)
    }
  }

  func makeScratch() -> (any RowScratch)? {
    ResamplingScratch(memory: Storage(count: weights.scratchSize(lanes: kernels.lanes)))
  }
}

private final class ResamplingScratch: RowScratch {
  let memory: Storage

  init(memory: Storage) { self.memory = memory }
}

private struct VerticalResampling: RowKernel {
  let weights: ResamplingWeights
  let channels: Int
  let multiplications: Int
  let kernels: Kernels

  func inputRows(_ index: Int, for rows: Range<Int>) -> Range<Int> { weights.needed(rows) }

  func compute(
    rows: Range<Int>, columns: Range<Int>, from inputs: [RowWindow], to output: RowWindow, _ scratch: (any RowScratch)?
  ) {
    for channel in 0..<channels {
      for y in rows {
        weights.addRows(
          y, to: output.row(y, channel: channel) + columns.lowerBound, count: columns.count, kernels
        ) { UnsafePointer(inputs[0].row($0, channel: channel) + columns.lowerBound) }
      }
    }
  }
}
