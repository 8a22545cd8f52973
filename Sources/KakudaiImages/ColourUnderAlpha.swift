public import KakudaiTensors

extension Image {
  /// The colours with those of transparent pixels replaced by those of the nearest visible ones, so that enlarging does not
  /// draw a halo of what was invisible.
  ///
  /// Colours spread from visible pixels into transparent ones, one ring of neighbours after the other, for `reach` rings.
  public func colourBledUnderAlpha(reach: Int = 8) -> Tensor {
    guard let alpha else { return colour }
    var visible = alpha.elements.map { $0 > 0 }
    guard visible.contains(false) else { return colour }
    var result = colour
    let (width, height, channels, plane) = (width, height, colour.shape[1], width * height)
    result.withUnsafeMutableBufferPointer { elements in
      for _ in 0..<reach {
        var next = visible
        for y in 0..<height {
          for x in 0..<width where !visible[y * width + x] {
            var neighbours: [Int] = []
            for dy in -1...1 {
              for dx in -1...1 where (0..<height).contains(y + dy) && (0..<width).contains(x + dx) {
                let index = (y + dy) * width + x + dx
                if visible[index] { neighbours.append(index) }
              }
            }
            guard !neighbours.isEmpty else { continue }
            next[y * width + x] = true
            for channel in 0..<channels {
              let sum = neighbours.reduce(Float(0)) { $0 + elements[channel * plane + $1] }
              elements[channel * plane + y * width + x] = sum / Float(neighbours.count)
            }
          }
        }
        if next == visible { break }
        visible = next
      }
    }
    return result
  }
}
