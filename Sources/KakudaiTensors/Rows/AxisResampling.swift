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
    weights.applied(to: inputs[0], axis: shape.rank + axis)
  }

  package func gradients(_ context: GradientContext) -> [Tensor?] {
    [weights.transposeApplied(to: context.cotangent, axis: context.output.shape.rank + axis)]
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

  /// The input samples that some output samples depend on.
  func needed(_ range: Range<Int>) -> Range<Int> {
    guard let last = range.last else { return 0..<0 }
    return starts[range.lowerBound]..<starts[last] + offsets[last + 1] - offsets[last]
  }
}

extension AxisResampling: RowOperation {
  package func rowKernel(_ inputs: [RowInput], shape: Shape) -> (any RowKernel)? {
    axis == -1
      ? HorizontalResampling(weights: weights, channels: shape[-3], multiplications: multiplications(shape))
      : VerticalResampling(weights: weights, channels: shape[-3], multiplications: multiplications(shape))
  }

  private func multiplications(_ shape: Shape) -> Int {
    shape.elementCount / max(1, weights.outputLength) * weights.weights.count
  }
}

private struct HorizontalResampling: RowKernel {
  let weights: ResamplingWeights
  let channels: Int
  let multiplications: Int

  func inputColumns(_ index: Int, for columns: Range<Int>) -> Range<Int> { weights.needed(columns) }

  func compute(
    rows: Range<Int>, columns: Range<Int>, from inputs: [RowWindow], to output: RowWindow, _ scratch: (any RowScratch)?
  ) {
    for channel in 0..<channels {
      for y in rows {
        weights.resample(inputs[0].row(y, channel: channel), to: output.row(y, channel: channel), columns)
      }
    }
  }
}

private struct VerticalResampling: RowKernel {
  let weights: ResamplingWeights
  let channels: Int
  let multiplications: Int

  func inputRows(_ index: Int, for rows: Range<Int>) -> Range<Int> { weights.needed(rows) }

  func compute(
    rows: Range<Int>, columns: Range<Int>, from inputs: [RowWindow], to output: RowWindow, _ scratch: (any RowScratch)?
  ) {
    for channel in 0..<channels {
      for y in rows {
        let target = output.row(y, channel: channel) + columns.lowerBound
        for (tap, weight) in (weights.offsets[y]..<weights.offsets[y + 1]).enumerated() {
          add(
            inputs[0].row(weights.starts[y] + tap, channel: channel) + columns.lowerBound,
            times: weights.weights[weight], to: target, count: columns.count, isFirst: tap == 0)
        }
      }
    }
  }
}
