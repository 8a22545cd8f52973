public import KakudaiTensors

/// Gives fully transparent pixels the colours of their surroundings, so that enlarging draws no halo of what was invisible:
/// the mean of the nearest block of 2, 4, 8 … pixels a side that has something visible, weighted by opacity. Other pixels stay
/// as they are, and all do where nothing is visible.
///
/// Works on bands of rows, which it sees twice: first all are surveyed, of which the blocks of 64 pixels are kept, then each is
/// changed.
public struct ColourUnderAlpha {
  /// Rows of every band but the last, which may have fewer.
  public static let bandRows = 64
  private static let bandLevels = 6

  private let layout: ImageLayout
  /// For each colour, the blocks of the bands surveyed so far, then those of all with their gaps filled.
  private var blocks: [PyramidLevel]
  private var hasHidden = false
  private var hasVisible = false

  public init(_ layout: ImageLayout) {
    precondition(layout.hasAlpha)
    self.layout = layout
    let width = (layout.width + Self.bandRows - 1) / Self.bandRows
    blocks = Array(repeating: PyramidLevel(values: [], weights: [], width: width, height: 0), count: layout.colours)
  }

  /// Whether there is anything to change, once all bands are surveyed.
  public var changesPicture: Bool { hasHidden && hasVisible }

  /// Looks at the next band: a plane of its rows for each channel, alpha last.
  public mutating func survey(_ planes: UnsafeBufferPointer<Float>, rows: Int) {
    let opacity = plane(layout.colours, of: planes, rows: rows)
    hasHidden = hasHidden || opacity.contains(0)
    hasVisible = hasVisible || opacity.contains { $0 > 0 }
    for colour in blocks.indices {
      let top = levels(plane(colour, of: planes, rows: rows), opacity, rows: rows)[Self.bandLevels]
      blocks[colour].append(top)
    }
  }

  /// Ends the survey.
  public mutating func finishSurvey() {
    guard changesPicture else { return }
    for colour in blocks.indices {
      var levels = [blocks[colour]]
      while levels[levels.count - 1].weights.contains(0) { levels.append(levels[levels.count - 1].halved()) }
      for level in levels.indices.dropLast().reversed() { levels[level].fill(from: levels[level + 1]) }
      blocks[colour] = levels[0]
    }
  }

  /// Changes the colours of one band, which begins at row `top`.
  public func spread(_ planes: UnsafeMutableBufferPointer<Float>, top: Int, rows: Int) {
    let opacity = plane(layout.colours, of: UnsafeBufferPointer(planes), rows: rows)
    guard changesPicture, opacity.contains(0) else { return }
    for colour in blocks.indices {
      var levels = levels(plane(colour, of: UnsafeBufferPointer(planes), rows: rows), opacity, rows: rows)
      levels[Self.bandLevels] = blocks[colour].row(top / Self.bandRows)
      for level in (0..<Self.bandLevels).reversed() { levels[level].fill(from: levels[level + 1]) }
      let start = colour * rows * layout.width
      for index in opacity.indices where opacity[index] == 0 { planes[start + index] = levels[0].values[index] }
    }
  }

  private func plane(_ channel: Int, of planes: UnsafeBufferPointer<Float>, rows: Int) -> [Float] {
    Array(planes[channel * rows * layout.width..<(channel + 1) * rows * layout.width])
  }

  /// The band itself, then each level of half the size.
  private func levels(_ colour: [Float], _ opacity: [Float], rows: Int) -> [PyramidLevel] {
    var levels = [PyramidLevel(values: colour, weights: opacity, width: layout.width, height: rows)]
    for level in 0..<Self.bandLevels { levels.append(levels[level].halved()) }
    return levels
  }
}

extension Image {
  /// The colours as `ColourUnderAlpha` makes them.
  public func colourBledUnderAlpha() -> Tensor {
    guard let alpha else { return colour }
    let layout = ImageLayout(width: width, height: height, colours: colour.shape[1], hasAlpha: true)
    var result = concatenate([colour, alpha], axis: 1)
    var bleeding = ColourUnderAlpha(layout)
    for pass in 0..<2 {
      if pass == 1 { bleeding.finishSurvey() }
      for top in stride(from: 0, to: height, by: ColourUnderAlpha.bandRows) {
        let rows = min(ColourUnderAlpha.bandRows, height - top)
        var band = result.sliced(2, top..<top + rows)
        if pass == 0 {
          band.withUnsafeBufferPointer { bleeding.survey($0, rows: rows) }
          continue
        }
        band.withUnsafeMutableBufferPointer { bleeding.spread($0, top: top, rows: rows) }
        result.withUnsafeMutableBufferPointer { result in
          band.withUnsafeBufferPointer { band in
            for channel in 0..<colour.shape[1] {
              for index in 0..<rows * width {
                result[(channel * height + top) * width + index] = band[channel * rows * width + index]
              }
            }
          }
        }
      }
    }
    return result.sliced(1, 0..<colour.shape[1])
  }
}

/// One level of a pyramid: colours, and how much of each is visible.
private struct PyramidLevel {
  var values: [Float]
  var weights: [Float]
  let width: Int
  private(set) var height: Int

  init(values: [Float], weights: [Float], width: Int, height: Int) {
    (self.values, self.weights, self.width, self.height) = (values, weights, width, height)
  }

  mutating func append(_ rows: PyramidLevel) {
    values += rows.values
    weights += rows.weights
    height += rows.height
  }

  func row(_ y: Int) -> PyramidLevel {
    PyramidLevel(
      values: Array(values[y * width..<(y + 1) * width]), weights: Array(weights[y * width..<(y + 1) * width]),
      width: width, height: 1)
  }

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
