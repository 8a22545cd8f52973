import KakudaiTensors

#if canImport(Glibc)
import Glibc
#elseif canImport(Darwin)
import Darwin
#endif

/// One channel of a picture as numbers from 0 to 255, for comparisons.
struct Plane {
  let width: Int
  let height: Int
  var values: [Double]

  static func decimalLogarithm(_ x: Double) -> Double { log10(x) }

  /// The channels to compare, rounded to 8 bits as the protocol does, without their border.
  /// A grey picture stands for three equal channels, unless both that are compared are grey.
  static func planes(
    _ image: Image, _ channels: ImageComparison.Channels, areGrey: Bool, border: Int
  ) -> [Plane] {
    let (width, height, count) = (image.width, image.height, image.colour.shape[1])
    let bytes = image.colour.elements.map { (Double(min(max($0, 0), 1)) * 255).rounded() }
    let plane = width * height
    var result: [[Double]]
    switch channels {
    case _ where areGrey: result = [bytes]
    case .rgb: result = (0..<3).map { Array(bytes[min($0, count - 1) * plane..<(min($0, count - 1) + 1) * plane]) }
    case .luma:
      result = [
        (0..<plane).map { pixel in
          let (r, g, b) = (bytes[pixel], bytes[(count == 3 ? plane : 0) + pixel], bytes[(count - 1) * plane + pixel])
          return (16 + (65.481 * r + 128.553 * g + 24.966 * b) / 255).rounded()
        }
      ]
    }
    return result.map { Plane(width: width, height: height, values: $0).inner(border) }
  }

  /// Without `border` pixels on all sides.
  func inner(_ border: Int) -> Plane {
    Plane(
      width: width - 2 * border, height: height - 2 * border,
      values: (border..<height - border).flatMap { values[$0 * width + border..<($0 + 1) * width - border] })
  }

  func meanSquaredError(_ other: Plane) -> Double {
    zip(values, other.values).reduce(0) { $0 + ($1.0 - $1.1) * ($1.0 - $1.1) } / Double(values.count)
  }

  /// The mean of (2μₓμᵧ + C₁)(2σₓᵧ + C₂) / ((μₓ² + μᵧ² + C₁)(σₓ² + σᵧ² + C₂)) over all whole windows, which are Gaussian with
  /// σ = 1.5; C₁ = (0.01·255)², C₂ = (0.03·255)².
  func structuralSimilarity(_ other: Plane) -> Double {
    guard width >= Self.window.count && height >= Self.window.count else { return .nan }
    let (first, second) = (0.01 * 255 * 0.01 * 255, 0.03 * 255 * 0.03 * 255)
    let (meanX, meanY) = (smoothed(values), smoothed(other.values))
    let squareX = smoothed(values.map { $0 * $0 })
    let squareY = smoothed(other.values.map { $0 * $0 })
    let product = smoothed(zip(values, other.values).map { $0 * $1 })
    var sum = 0.0
    for index in meanX.indices {
      let (x, y) = (meanX[index], meanY[index])
      let (varianceX, varianceY) = (squareX[index] - x * x, squareY[index] - y * y)
      let covariance = product[index] - x * y
      sum +=
        (2 * x * y + first) * (2 * covariance + second)
        / ((x * x + y * y + first) * (varianceX + varianceY + second))
    }
    return sum / Double(meanX.count)
  }

  /// Eleven weights of a Gaussian that sum to 1.
  private static let window: [Double] = {
    let weights = (-5...5).map { exp(-Double($0 * $0) / (2 * 1.5 * 1.5)) }
    let total = weights.reduce(0, +)
    return weights.map { $0 / total }
  }()

  private func smoothed(_ values: [Double]) -> [Double] {
    let reach = Self.window.count - 1
    let narrow = width - reach
    var rows = [Double](repeating: 0, count: narrow * height)
    for y in 0..<height {
      for x in 0..<narrow {
        var sum = 0.0
        for (tap, weight) in Self.window.enumerated() { sum += weight * values[y * width + x + tap] }
        rows[y * narrow + x] = sum
      }
    }
    var result = [Double](repeating: 0, count: narrow * (height - reach))
    for y in 0..<height - reach {
      for x in 0..<narrow {
        var sum = 0.0
        for (tap, weight) in Self.window.enumerated() { sum += weight * rows[(y + tap) * narrow + x] }
        result[y * narrow + x] = sum
      }
    }
    return result
  }
}
