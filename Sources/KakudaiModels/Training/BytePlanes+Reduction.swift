import KakudaiTensors

extension BytePlanes {
  /// The picture `scale` times smaller, as MATLAB's `imresize` makes it, byte for byte: the pictures of the published protocol.
  ///
  /// Cubic kernel (a = −0.5) stretched by the scale, first down the columns, then along the rows, each time rounded to 8
  /// bits; beyond the border the edge pixels are repeated. The size must be a multiple of the scale.
  func reduced(by scale: Int) -> BytePlanes {
    precondition(height % scale == 0 && width % scale == 0)
    return reducedVertically(by: scale).transposed.reducedVertically(by: scale).transposed
  }

  private func reducedVertically(by scale: Int) -> BytePlanes {
    // Output row y stands at scale·(y + ½) − ½, as far between the input rows whatever y.
    let center = (Double(scale) - 1) / 2
    let first = Int((center - 2 * Double(scale)).rounded(.up))
    let last = Int((center + 2 * Double(scale)).rounded(.down))
    var weights = (first...last).map { keys((center - Double($0)) / Double(scale), sharpness: -0.5) }
    let total = weights.reduce(0, +)
    for index in weights.indices { weights[index] /= total }

    let rows = height / scale
    let reduced = [UInt8](unsafeUninitializedCapacity: channels * rows * width) { reduced, count in
      bytes.withUnsafeBufferPointer { bytes in
        withUnsafeTemporaryAllocation(of: Double.self, capacity: width) { sums in
          for row in 0..<channels * rows {
            let (channel, y) = row.quotientAndRemainder(dividingBy: rows)
            for x in 0..<width { sums[x] = 0 }
            for (tap, weight) in weights.enumerated() {
              let source = min(max(y * scale + first + tap, 0), height - 1)
              let start = (channel * height + source) * width
              for x in 0..<width { sums[x] += weight * Double(bytes[start + x]) }
            }
            for x in 0..<width { reduced[row * width + x] = UInt8(min(max(sums[x], 0), 255) + 0.5) }
          }
        }
      }
      count = channels * rows * width
    }
    return BytePlanes(channels: channels, height: rows, width: width, bytes: reduced)
  }

  private var transposed: BytePlanes {
    let turned = [UInt8](unsafeUninitializedCapacity: bytes.count) { turned, count in
      bytes.withUnsafeBufferPointer { bytes in
        for channel in 0..<channels {
          for y in 0..<height {
            for x in 0..<width {
              turned[(channel * width + x) * height + y] = bytes[(channel * height + y) * width + x]
            }
          }
        }
      }
      count = bytes.count
    }
    return BytePlanes(channels: channels, height: width, width: height, bytes: turned)
  }
}
