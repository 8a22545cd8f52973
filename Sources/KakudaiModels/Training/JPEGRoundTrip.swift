package import KakudaiTensors

#if canImport(Glibc)
import Glibc
#elseif canImport(Darwin)
import Darwin
#endif

/// What baseline JPEG (ITU-T T.81) leaves of a picture, RGB in 0…1, `(1, 3, H, W)`: its 8×8 blocks of luma and colour differences,
/// transformed, rounded to multiples of the standard tables, and transformed back; what is coded without loss is left out.
///
/// - Parameters:
///   - quality: 1 to 100, as libjpeg takes it.
///   - halvesChroma: Whether colour differences are kept at half the size (4:2:0).
package func jpegRoundTrip(_ picture: Tensor, quality: Int, halvesChroma: Bool) -> Tensor {
  let (height, width) = (picture.shape[2], picture.shape[3])
  let toYCbCr = Tensor(
    [0.299, 0.587, 0.114, -0.168736, -0.331264, 0.5, 0.5, -0.418688, -0.081312], shape: [3, 3, 1, 1])
  let toRGB = Tensor([1, 0, 1.402, 1, -0.344136, -0.714136, 1, 1.772, 0], shape: [3, 3, 1, 1])
  // As an encoder has them: bytes, here around 0.
  let channels = rounded(conv2d(picture * 255, toYCbCr) + Tensor([-128, 0, 0], shape: [3, 1, 1]))
  let scale = quality < 50 ? 5000 / max(1, quality) : 200 - 2 * quality
  func table(_ standard: [Int]) -> [Float] { standard.map { Float(min(max(($0 * scale + 50) / 100, 1), 255)) } }

  let luma = quantized(channels.sliced(1, 0..<1), table(lumaTable))
  var chroma = channels.sliced(1, 1..<3)
  if halvesChroma {
    // Odd sizes repeat the last row and column.
    let even = pad(chroma, [0, width % 2, 0, height % 2], mode: .replicate)
    let halved = quantized(rounded(averagePool2d(even, kernelSize: 2)), table(chromaTable))
    let enlarged = interpolate(halved, scaleFactor: 2, mode: .bilinear)
    chroma = enlarged.sliced(2, 0..<height).sliced(3, 0..<width)
  } else {
    chroma = quantized(chroma, table(chromaTable))
  }
  let decoded = conv2d(concatenate([luma + 128, chroma], axis: 1), toRGB)
  return clamp(decoded * (1 / 255), minimum: 0, maximum: 1)
}

private func rounded(_ tensor: Tensor) -> Tensor {
  var result = tensor
  result.withUnsafeMutableBufferPointer { elements in
    for index in elements.indices { elements[index] = elements[index].rounded() }
  }
  return result
}

/// Planes around 0, block by block; blocks that reach beyond the border repeat the last row and column.
private func quantized(_ planes: Tensor, _ table: [Float]) -> Tensor {
  let (height, width) = (planes.shape[2], planes.shape[3])
  let (rows, columns) = ((height + 7) / 8, (width + 7) / 8)
  var whole = pad(planes, [0, columns * 8 - width, 0, rows * 8 - height], mode: .replicate)
  whole.withUnsafeMutableBufferPointer { elements in
    withUnsafeTemporaryAllocation(of: Float.self, capacity: 128) { scratch in
      let (block, turned) = (scratch.baseAddress!, scratch.baseAddress! + 64)
      for index in 0..<planes.shape[1] * rows * columns {
        let first = elements.baseAddress! + index / columns * 64 * columns + index % columns * 8
        for y in 0..<8 { (block + y * 8).update(from: first + y * columns * 8, count: 8) }
        transform(block, to: turned, isInverse: false)
        transform(turned, to: block, isInverse: false)
        for (position, step) in table.enumerated() { block[position] = (block[position] / step).rounded() * step }
        transform(block, to: turned, isInverse: true)
        transform(turned, to: block, isInverse: true)
        // As a decoder has them: bytes.
        for y in 0..<8 {
          for x in 0..<8 { first[y * columns * 8 + x] = min(max(block[y * 8 + x].rounded(), -128), 127) }
        }
      }
    }
  }
  return whole.sliced(2, 0..<height).sliced(3, 0..<width)
}

/// The cosine transform of length 8 of each row, or its inverse, the result transposed.
private func transform(_ rows: UnsafePointer<Float>, to columns: UnsafeMutablePointer<Float>, isInverse: Bool) {
  let (frequencyStep, positionStep) = isInverse ? (1, 8) : (8, 1)
  for row in 0..<8 {
    for output in 0..<8 {
      var sum: Float = 0
      for input in 0..<8 { sum += rows[row * 8 + input] * cosines[output * frequencyStep + input * positionStep] }
      columns[output * 8 + row] = sum
    }
  }
}

/// `cosines[8·frequency + position]`, an orthonormal matrix.
private let cosines: [Float] = (0..<64).map { index in
  let (frequency, position) = (index / 8, index % 8)
  return Float((frequency == 0 ? 0.5.squareRoot() : 1) / 2 * cos(Double((2 * position + 1) * frequency) * .pi / 16))
}

/// Tables K.1 and K.2 of the standard.
private let lumaTable = [
  16, 11, 10, 16, 24, 40, 51, 61, 12, 12, 14, 19, 26, 58, 60, 55, 14, 13, 16, 24, 40, 57, 69, 56, 14, 17, 22, 29, 51,
  87,
  80, 62, 18, 22, 37, 56, 68, 109, 103, 77, 24, 35, 55, 64, 81, 104, 113, 92, 49, 64, 78, 87, 103, 121, 120, 101, 72,
  92,
  95, 98, 112, 100, 103, 99,
]
private let chromaTable = [
  17, 18, 24, 47, 99, 99, 99, 99, 18, 21, 26, 66, 99, 99, 99, 99, 24, 26, 56, 99, 99, 99, 99, 99, 47, 66, 99, 99, 99,
  99,
  99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99,
  99,
  99, 99, 99, 99,
]
