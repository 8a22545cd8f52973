public import KakudaiTensors

extension Image {
  /// The colours with those of fully transparent pixels taken from their surroundings, so that enlarging draws no halo of
  /// what was invisible: the mean of the nearest block of 2, 4, 8 … pixels a side that has something visible, weighted by
  /// opacity. Other pixels stay as they are, and all do where nothing is visible.
  public func colourBledUnderAlpha() -> Tensor {
    guard let opacity = alpha?.elements, opacity.contains(0), opacity.contains(where: { $0 > 0 }) else { return colour }
    var result = colour
    let pixels = width * height
    result.withUnsafeMutableBufferPointer { elements in
      for channel in 0..<colour.shape[1] {
        let plane = UnsafeMutableBufferPointer(rebasing: elements[channel * pixels..<(channel + 1) * pixels])
        var levels = [PyramidLevel(values: Array(plane), weights: opacity, width: width, height: height)]
        while levels[levels.count - 1].weights.contains(0) { levels.append(levels[levels.count - 1].halved()) }
        for level in levels.indices.dropLast().reversed() { levels[level].fill(from: levels[level + 1]) }
        for index in plane.indices where opacity[index] == 0 { plane[index] = levels[0].values[index] }
      }
    }
    return result
  }
}

/// One level of a pyramid: colours, and how much of each is visible.
private struct PyramidLevel {
  var values: [Float]
  var weights: [Float]
  let width: Int
  let height: Int

  /// Half the size, each value the weighted mean of up to four.
  func halved() -> PyramidLevel {
    let (halfWidth, halfHeight) = ((width + 1) / 2, (height + 1) / 2)
    let zeros = [Float](repeating: 0, count: halfWidth * halfHeight)
    var half = PyramidLevel(values: zeros, weights: zeros, width: halfWidth, height: halfHeight)
    for y in 0..<height {
      for x in 0..<width where weights[y * width + x] > 0 {
        let index = y / 2 * halfWidth + x / 2
        half.values[index] += values[y * width + x] * weights[y * width + x]
        half.weights[index] += weights[y * width + x]
      }
    }
    for index in zeros.indices where half.weights[index] > 0 { half.values[index] /= half.weights[index] }
    return half
  }

  /// Takes what has no weight from the coarser level.
  mutating func fill(from coarser: PyramidLevel) {
    for y in 0..<height {
      for x in 0..<width where weights[y * width + x] == 0 {
        values[y * width + x] = coarser.values[y / 2 * coarser.width + x / 2]
      }
    }
  }
}
