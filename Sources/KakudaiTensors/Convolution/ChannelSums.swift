extension Tensor {
  /// The sum of each channel over the batch and all pixels: the gradient of a bias, `(C)`.
  ///
  /// Summed along rows in sixteen lanes, then in Double, always in the same order.
  func channelSums() -> Tensor {
    let channels = shape[-3]
    let plane = shape[-2] * shape[-1]
    let images = rank == 4 ? shape[0] : 1
    return Tensor(shape: [channels]) { sums in
      withUnsafeBufferPointer { elements in
        Parallel.forEach(channels, minimumPerThread: max(1, 262_144 / max(1, plane * images))) { range in
          for channel in range {
            var total = 0.0
            for image in 0..<images {
              let start = (image * channels + channel) * plane
              total += elements[start..<start + plane].total
            }
            sums[channel] = Float(total)
          }
        }
      }
    }
  }
}

extension Slice<UnsafeBufferPointer<Float>> {
  /// The sum in Double of what sixteen lanes of Float add up over at most 4096 elements each.
  fileprivate var total: Double {
    var total = 0.0
    var start = startIndex
    while start < endIndex {
      let end = Swift.min(start + 65_536, endIndex)
      var lanes = SIMD16<Float>()
      var index = start
      while index + 16 <= end {
        lanes += UnsafeRawPointer(base.baseAddress! + index).loadUnaligned(as: SIMD16<Float>.self)
        index += 16
      }
      for lane in 0..<16 { total += Double(lanes[lane]) }
      while index < end {
        total += Double(base[index])
        index += 1
      }
      start = end
    }
    return total
  }
}
