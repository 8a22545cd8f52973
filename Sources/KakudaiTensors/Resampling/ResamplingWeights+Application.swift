extension ResamplingWeights {
  /// Resamples `tensor` along `axis`.
  func applied(to tensor: Tensor, axis: Int) -> Tensor {
    resampled(tensor, axis: axis, to: outputLength) { input, output, inner in
      if inner == 1 {
        resample(input, to: output, 0..<outputLength)
      } else {
        for index in 0..<outputLength {
          let row = output + index * inner
          for (tap, weight) in (offsets[index]..<offsets[index + 1]).enumerated() {
            add(input + (starts[index] + tap) * inner, times: weights[weight], to: row, count: inner, isFirst: tap == 0)
          }
        }
      }
    }
  }

  /// Computes some samples of a row.
  func resample(_ input: UnsafePointer<Float>, to output: UnsafeMutablePointer<Float>, _ range: Range<Int>) {
    for index in range {
      var sum: Float = 0
      for (tap, weight) in (offsets[index]..<offsets[index + 1]).enumerated() {
        sum += weights[weight] * input[starts[index] + tap]
      }
      output[index] = sum
    }
  }

  /// Applies the transposed weights: the gradient of `applied`.
  func transposeApplied(to tensor: Tensor, axis: Int) -> Tensor {
    resampled(tensor, axis: axis, to: inputLength) { input, output, inner in
      output.update(repeating: 0, count: inputLength * inner)
      for index in 0..<outputLength {
        for (tap, weight) in (offsets[index]..<offsets[index + 1]).enumerated() {
          add(
            input + index * inner, times: weights[weight], to: output + (starts[index] + tap) * inner, count: inner,
            isFirst: false)
        }
      }
    }
  }

  /// `body` for each block of the axis in parallel: its input, its output, and the elements of one index.
  private func resampled(
    _ tensor: Tensor, axis: Int, to length: Int,
    _ body: (UnsafePointer<Float>, UnsafeMutablePointer<Float>, Int) -> Void
  ) -> Tensor {
    var dimensions = tensor.shape.dimensions
    let inner = dimensions[(axis + 1)...].reduce(1, *)
    let outer = dimensions[..<axis].reduce(1, *)
    let inputBlock = dimensions[axis] * inner
    dimensions[axis] = length
    return Tensor(shape: Shape(dimensions)) { output in
      guard output.count > 0 else { return }
      tensor.withUnsafeBufferPointer { input in
        Parallel.forEach(outer, minimumPerThread: max(1, elementsPerThread / max(1, length * inner))) { blocks in
          for block in blocks {
            body(input.baseAddress! + block * inputBlock, output.baseAddress! + block * length * inner, inner)
          }
        }
      }
    }
  }
}

/// `target += factor · source`, or `target = factor · source`.
@inline(__always)
func add(
  _ source: UnsafePointer<Float>, times factor: Float, to target: UnsafeMutablePointer<Float>, count: Int, isFirst: Bool
) {
  if isFirst {
    for index in 0..<count { target[index] = factor * source[index] }
  } else {
    for index in 0..<count { target[index] += factor * source[index] }
  }
}
