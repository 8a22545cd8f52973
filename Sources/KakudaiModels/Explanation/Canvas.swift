import KakudaiTensors

/// A small RGB picture to draw rectangles and capital letters on.
struct Canvas {
  /// Red, green and blue in 0…1.
  typealias Colour = (Float, Float, Float)

  let width: Int
  let height: Int
  private var planes: [Float]

  init(width: Int, height: Int, background: Colour) {
    (self.width, self.height) = (width, height)
    planes = []
    for component in [background.0, background.1, background.2] {
      planes += Array(repeating: component, count: width * height)
    }
  }

  /// `(1, 3, H, W)`.
  var tensor: Tensor { Tensor(planes, shape: [1, 3, height, width]) }

  mutating func fill(x: Int, y: Int, width: Int, height: Int, _ colour: Colour) {
    for row in max(0, y)..<max(0, min(self.height, y + height)) {
      for column in max(0, x)..<max(0, min(self.width, x + width)) {
        for (plane, component) in [colour.0, colour.1, colour.2].enumerated() {
          planes[(plane * self.height + row) * self.width + column] = component
        }
      }
    }
  }

  /// Squares of `thickness` from one point to the other.
  mutating func line(from start: (x: Int, y: Int), to end: (x: Int, y: Int), thickness: Int, _ colour: Colour) {
    let steps = max(1, abs(end.x - start.x), abs(end.y - start.y))
    for step in 0...steps {
      fill(
        x: start.x + (end.x - start.x) * step / steps, y: start.y + (end.y - start.y) * step / steps, width: thickness,
        height: thickness, colour)
    }
  }

  /// Copies a picture in 0…1, `(1, 1 or 3, H, W)`, which must lie inside.
  mutating func draw(_ picture: Tensor, x: Int, y: Int) {
    let (channels, height, width) = (picture.shape[1], picture.shape[2], picture.shape[3])
    picture.withUnsafeBufferPointer { elements in
      for plane in 0..<3 {
        for row in 0..<height {
          let source = (min(plane, channels - 1) * height + row) * width
          for column in 0..<width {
            planes[(plane * self.height + y + row) * self.width + x + column] = elements[source + column]
          }
        }
      }
    }
  }

  /// Every other diagonal.
  mutating func hatch(x: Int, y: Int, size: Int, _ colour: Colour) {
    for row in 0..<size {
      for column in 0..<size where (row + column) % 6 < 2 {
        fill(x: x + column, y: y + row, width: 1, height: 1, colour)
      }
    }
  }

  /// Letters of 3 × 5 dots, each `dot` pixels wide; what has no letter is a gap.
  mutating func write(_ text: String, x: Int, y: Int, dot: Int, _ colour: Colour) {
    for (position, character) in text.enumerated() {
      for (row, bits) in (Canvas.letters[character] ?? []).enumerated() {
        for column in 0..<3 where bits & (4 >> column) != 0 {
          fill(x: x + (position * 4 + column) * dot, y: y + row * dot, width: dot, height: dot, colour)
        }
      }
    }
  }

  static func textWidth(_ text: String, dot: Int) -> Int { max(0, text.count * 4 - 1) * dot }

  /// Five rows of three dots, the leftmost dot being 4.
  private static let letters: [Character: [Int]] = [
    "0": [7, 5, 5, 5, 7], "1": [2, 6, 2, 2, 7], "2": [7, 1, 7, 4, 7], "3": [7, 1, 7, 1, 7], "4": [5, 5, 7, 1, 1],
    "5": [7, 4, 7, 1, 7], "6": [7, 4, 7, 5, 7], "7": [7, 1, 2, 2, 2], "8": [7, 5, 7, 5, 7], "9": [7, 5, 7, 1, 7],
    "A": [2, 5, 7, 5, 5], "B": [6, 5, 6, 5, 6], "C": [3, 4, 4, 4, 3], "D": [6, 5, 5, 5, 6], "E": [7, 4, 6, 4, 7],
    "F": [7, 4, 6, 4, 4], "G": [3, 4, 5, 5, 3], "H": [5, 5, 7, 5, 5], "I": [7, 2, 2, 2, 7], "J": [1, 1, 1, 5, 2],
    "K": [5, 5, 6, 5, 5], "L": [4, 4, 4, 4, 7], "M": [5, 7, 7, 5, 5], "N": [6, 5, 5, 5, 5], "O": [2, 5, 5, 5, 2],
    "P": [6, 5, 6, 4, 4], "Q": [2, 5, 5, 6, 3], "R": [6, 5, 6, 5, 5], "S": [3, 4, 2, 1, 6], "T": [7, 2, 2, 2, 2],
    "U": [5, 5, 5, 5, 7], "V": [5, 5, 5, 5, 2], "W": [5, 5, 7, 7, 5], "X": [5, 5, 2, 5, 5], "Y": [5, 5, 2, 2, 2],
    "Z": [7, 1, 2, 4, 7], "-": [0, 0, 7, 0, 0], ".": [0, 0, 0, 0, 2], ":": [0, 2, 0, 2, 0], "=": [0, 7, 0, 7, 0],
  ]
}
