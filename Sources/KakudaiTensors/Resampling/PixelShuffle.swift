import CKakudaiKernels

/// Moves channels into space, or back.
package struct PixelShuffling: Operation {
  package static let name = "pixelShuffle"
  package let factor: Int
  package let isInverse: Bool

  package init(factor: Int, isInverse: Bool = false) {
    self.factor = factor
    self.isInverse = isInverse
  }

  package func outputShape(of inputs: [Shape]) throws(ShapeError) -> Shape {
    let input = inputs[0]
    let name = isInverse ? "pixelUnshuffle" : Self.name
    guard factor > 0 else { throw ShapeError(name, "the factor must be positive, but is \(factor)") }
    guard input.rank >= 3 else { throw ShapeError(name, "the input must be (…, C, H, W), but is \(input)") }
    let (square, overflows) = factor.multipliedReportingOverflow(by: factor)
    guard !overflows else { throw ShapeError(name, "the factor \(factor) is too large") }
    var dimensions = input.dimensions
    let channels = input.rank - 3
    if isInverse {
      for (axis, what) in [(channels + 1, "height"), (channels + 2, "width")] {
        guard dimensions[axis] % factor == 0 else {
          throw ShapeError(name, "the \(what) \(dimensions[axis]) of \(input) is not divisible by the factor \(factor)")
        }
        dimensions[axis] /= factor
      }
      dimensions[channels] *= square
    } else {
      guard dimensions[channels] % square == 0 else {
        throw ShapeError(
          name, "the \(dimensions[channels]) channels of \(input) are not divisible by \(square) = \(factor)²")
      }
      dimensions[channels] /= square
      dimensions[channels + 1] *= factor
      dimensions[channels + 2] *= factor
    }
    return try Shape(validating: dimensions)
  }

  package func value(of inputs: [Tensor], shape: Shape) -> Tensor {
    let deep = isInverse ? shape : inputs[0].shape
    let (height, width) = (deep[-2], deep[-1])
    let kernels = Kernels.current.table.pointee
    return Tensor(shape: shape) { output in
      let input = inputs[0].storage.elements
      let (plane, rowLength) = (height * width, width * factor)
      let streams: Int32 = 4 * output.count > cachedBytesOfCopies ? 1 : 0
      // Rows of the wide picture; each is made of `factor` rows of as many planes.
      let rows = rowLength == 0 ? 0 : output.count / rowLength
      Parallel.forEach(rows, minimumPerThread: max(1, elementsPerThread / max(1, rowLength))) { range in
        for row in range {
          let (line, phase) = row.quotientAndRemainder(dividingBy: factor)
          let (channel, y) = line.quotientAndRemainder(dividingBy: height)
          let deep = (channel * factor + phase) * factor * plane + y * width
          if isInverse {
            var copy = ck_rows(
              source: input + row * rowLength, sourceChannelStride: 1, sourceRowStride: 0, stride: factor,
              target: output.baseAddress! + deep, targetChannelStride: plane, targetRowStride: 0, channels: factor,
              rows: 1, before: 0, count: width, after: 0, streams: 0)
            kernels.convolution.copyRows(&copy)
          } else {
            kernels.resampling.interleave(
              input + deep, plane, factor, rowLength, output.baseAddress! + row * rowLength, streams)
          }
        }
        kernels.resampling.fence()
      }
      withExtendedLifetime(inputs) {}
    }
  }

  package func gradients(_ context: GradientContext) -> [Tensor?] {
    [PixelShuffling(factor: factor, isInverse: !isInverse)(context.cotangent)]
  }
}

/// Makes each block of r² channels r times higher and wider: `(…, C·r², H, W) → (…, C, H·r, W·r)`.
///
/// `y[c][h·r + i][w·r + j] = x[c·r² + i·r + j][h][w]` (Shi et al., 2016; PyTorch's `F.pixel_shuffle`). Stops where the number
/// of channels is not divisible by r².
public func pixelShuffle(_ x: Tensor, upscaleFactor: Int) -> Tensor { PixelShuffling(factor: upscaleFactor)(x) }

/// The inverse of `pixelShuffle`: `(…, C, H·r, W·r) → (…, C·r², H, W)`.
public func pixelUnshuffle(_ x: Tensor, downscaleFactor: Int) -> Tensor {
  PixelShuffling(factor: downscaleFactor, isInverse: true)(x)
}
