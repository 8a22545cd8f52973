#if canImport(Glibc)
import Glibc
#elseif canImport(Darwin)
import Darwin
#endif

/// How one axis is resampled: each output sample is a weighted sum of a run of input samples.
package struct ResamplingWeights: Sendable {
  package let inputLength: Int
  package let outputLength: Int
  /// The first input sample of each output sample.
  package private(set) var starts: [Int] = []
  /// Where the weights of each output sample begin in `weights`; one more at the end.
  package private(set) var offsets: [Int] = [0]
  package private(set) var weights: [Float] = []
  /// Where whole factors make the weights repeat.
  private(set) var repetition: Repetition?

  /// The weights of PyTorch's `F.interpolate` along one axis.
  ///
  /// - Parameters:
  ///   - step: Input samples from one output sample to the next, when it is not what the lengths give.
  package init(
    _ mode: InterpolationMode, from inputLength: Int, to outputLength: Int, step: Double? = nil,
    alignsCorners: Bool = false, antialiases: Bool = false
  ) {
    self.inputLength = inputLength
    self.outputLength = outputLength
    let step =
      alignsCorners
      ? (outputLength > 1 ? Double(inputLength - 1) / Double(outputLength - 1) : 0)
      : step ?? Double(inputLength) / Double(outputLength)
    starts.reserveCapacity(outputLength)
    offsets.reserveCapacity(outputLength + 1)
    weights.reserveCapacity(2 * outputLength)
    var values: [Double] = []
    for output in 0..<outputLength {
      switch mode {
      case .nearest:
        // In Float, as PyTorch does: which pixel is taken depends on it.
        append(at: min(Int((Float(output) * Float(step)).rounded(.down)), inputLength - 1), CollectionOfOne(1))
      case .nearestExact:
        append(
          at: min(Int(((Float(output) + 0.5) * Float(step)).rounded(.down)), inputLength - 1), CollectionOfOne(1))
      case .area:
        let start = output * inputLength / outputLength
        let end = ((output + 1) * inputLength + outputLength - 1) / outputLength
        append(at: start, repeatElement(Float(1 / Double(end - start)), count: end - start))
      case .linear, .bilinear, .trilinear, .bicubic, .lanczos:
        if antialiases {
          appendAntialiased(output, step: step, filter: mode.filter, &values)
        } else {
          let center = alignsCorners ? Double(output) * step : (Double(output) + 0.5) * step - 0.5
          if mode == .bicubic { appendCubic(at: center, &values) } else { appendLinear(at: max(0, center)) }
        }
      }
    }
    findRepetition()
  }

  /// Without outputs yet.
  init(inputLength: Int, outputLength: Int) { (self.inputLength, self.outputLength) = (inputLength, outputLength) }

  /// Adds the next output, whose run must not begin or end before those added already.
  mutating func append(at start: Int, _ values: some Collection<Float>) {
    starts.append(start)
    weights.append(contentsOf: values)
    offsets.append(weights.count)
  }

  /// To be called after the last output.
  mutating func findRepetition() { repetition = Repetition(of: self) }

  private mutating func appendLinear(at center: Double) {
    let index = min(Int(center), inputLength - 1)
    let fraction = min(center - Double(index), 1)
    starts.append(index)
    weights.append(index + 1 < inputLength ? Float(1 - fraction) : 1)
    if index + 1 < inputLength { weights.append(Float(fraction)) }
    offsets.append(weights.count)
  }

  /// Keys' kernel over four samples; samples beyond the border are those at the border.
  private mutating func appendCubic(at center: Double, _ values: inout [Double]) {
    let first = Int(center.rounded(.down)) - 1
    let start = min(max(first, 0), inputLength - 1)
    let end = min(max(first + 3, 0), inputLength - 1)
    values.removeAll(keepingCapacity: true)
    values.append(contentsOf: repeatElement(0, count: end - start + 1))
    for tap in first...first + 3 {
      values[min(max(tap, 0), inputLength - 1) - start] += keys(center - Double(tap), sharpness: -0.75)
    }
    append(at: start, values.lazy.map { Float($0) })
  }

  /// A filter as wide as the reduction, its weights normalised (as in Pillow).
  private mutating func appendAntialiased(
    _ output: Int, step: Double, filter: ResamplingFilter, _ values: inout [Double]
  ) {
    let stretch = max(step, 1)
    let support = filter.radius * stretch
    let center = step * (Double(output) + 0.5)
    let start = max(Int(center - support + 0.5), 0)
    let end = max(min(Int(center + support + 0.5), inputLength), start + 1)
    values.removeAll(keepingCapacity: true)
    for sample in start..<end { values.append(filter.value((Double(sample) - center + 0.5) / stretch)) }
    let total = values.reduce(0, +)
    if total != 0 { for index in values.indices { values[index] /= total } }
    append(at: start, values.lazy.map { Float($0) })
  }
}

/// A symmetric filter that vanishes from `radius` on.
struct ResamplingFilter {
  let radius: Double
  let value: (Double) -> Double
}

extension InterpolationMode {
  /// The filter of the antialiased modes.
  fileprivate var filter: ResamplingFilter {
    switch self {
    case .bicubic: ResamplingFilter(radius: 2) { keys($0, sharpness: -0.5) }
    case .lanczos: ResamplingFilter(radius: 3) { $0.magnitude < 3 ? sinc($0) * sinc($0 / 3) : 0 }
    default: ResamplingFilter(radius: 1) { max(0, 1 - $0.magnitude) }
    }
  }
}

/// The cubic convolution kernel of Keys (1981), of radius 2; `sharpness` is its slope at 1.
package func keys(_ x: Double, sharpness a: Double) -> Double {
  let x = x.magnitude
  if x <= 1 { return ((a + 2) * x - (a + 3)) * x * x + 1 }
  if x < 2 { return ((a * x - 5 * a) * x + 8 * a) * x - 4 * a }
  return 0
}

private func sinc(_ x: Double) -> Double { x == 0 ? 1 : sin(.pi * x) / (.pi * x) }
