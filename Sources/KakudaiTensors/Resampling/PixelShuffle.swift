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
    let square = factor * factor
    return Tensor(shape: shape) { output in
      inputs[0].withUnsafeBufferPointer { input in
        let planes = height * width == 0 ? 0 : deep.elementCount / (height * width)
        Parallel.forEach(planes, minimumPerThread: max(1, elementsPerThread / max(1, height * width))) { range in
          for plane in range {
            let (channel, phase) = plane.quotientAndRemainder(dividingBy: square)
            let (row, column) = phase.quotientAndRemainder(dividingBy: factor)
            for y in 0..<height {
              let narrow = (plane * height + y) * width
              let wide = ((channel * height + y) * factor + row) * width * factor + column
              if isInverse {
                for x in 0..<width { output[narrow + x] = input[wide + x * factor] }
              } else {
                for x in 0..<width { output[wide + x * factor] = input[narrow + x] }
              }
            }
          }
        }
      }
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
