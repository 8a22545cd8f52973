public import KakudaiTensors

#if canImport(Glibc)
import Glibc
#elseif canImport(Darwin)
import Darwin
#endif

/// How a training went, to be drawn: the loss, and below it the PSNR, over the steps.
public struct TrainingCurve: Sendable {
  public struct Point: Hashable, Sendable {
    public var step: Int
    public var loss: Double
    /// In dB.
    public var psnr: Double

    public init(step: Int, loss: Double, psnr: Double) { (self.step, self.loss, self.psnr) = (step, loss, psnr) }
  }

  public var points: [Point]
  /// The last step that is to come.
  public var steps: Int

  public init(_ points: [Point], steps: Int) { (self.points, self.steps) = (points, steps) }

  /// RGB, `(1, 3, H, W)`.
  public var picture: Tensor {
    var canvas = Canvas(width: 840, height: 2 * Self.panelHeight + 20, background: (1, 1, 1))
    draw("LOSS", points.map { (Double($0.step), $0.loss) }, colour: (0.82, 0.33, 0.14), top: 0, on: &canvas)
    draw(
      "PSNR OF HELD-OUT PICTURES IN DB", points.map { (Double($0.step), $0.psnr) }, colour: (0.15, 0.4, 0.75),
      top: Self.panelHeight, on: &canvas)
    return canvas.tensor
  }

  private static let panelHeight = 270

  private func draw(
    _ title: String, _ values: [(step: Double, value: Double)], colour: Canvas.Colour, top: Int, on canvas: inout Canvas
  ) {
    let (ink, grid): (Canvas.Colour, Canvas.Colour) = ((0.13, 0.15, 0.2), (0.88, 0.88, 0.88))
    let (left, right, upper, lower) = (110, canvas.width - 24, top + 40, top + Self.panelHeight - 34)
    canvas.write(title, x: left, y: top + 16, dot: 2, ink)
    let finite = values.filter { $0.value.isFinite }
    let axis = Axis(finite.map(\.value))
    func x(_ step: Double) -> Int { left + Int(step / Double(max(1, steps)) * Double(right - left)) }
    func y(_ value: Double) -> Int {
      lower - Int((value - axis.low) / (axis.high - axis.low) * Double(lower - upper))
    }
    for tick in axis.ticks {
      canvas.fill(x: left, y: y(tick), width: right - left, height: 1, grid)
      let label = fixed(tick, digits: axis.digits)
      canvas.write(label, x: left - 12 - Canvas.textWidth(label, dot: 2), y: y(tick) - 5, dot: 2, ink)
    }
    for part in 0...4 {
      let step = steps * part / 4
      canvas.fill(x: x(Double(step)), y: upper, width: 1, height: lower - upper + 5, grid)
      let label = String(step)
      let width = Canvas.textWidth(label, dot: 2)
      canvas.write(label, x: min(x(Double(step)) - width / 2, right - width), y: lower + 12, dot: 2, ink)
    }
    for (start, end) in zip(finite, finite.dropFirst()) {
      canvas.line(from: (x(start.step), y(start.value)), to: (x(end.step), y(end.value)), thickness: 2, colour)
    }
    if let last = finite.last {
      canvas.fill(x: x(last.step) - 3, y: y(last.value) - 3, width: 7, height: 7, colour)
    }
  }
}

/// Round numbers that enclose some values.
private struct Axis {
  let low: Double
  let high: Double
  let ticks: [Double]
  /// Behind the point.
  let digits: Int

  init(_ values: [Double]) {
    let (least, most) = (values.min() ?? 0, values.max() ?? 1)
    let span = max(most - least, max(abs(most), 1e-6) * 1e-3)
    // 1, 2 or 5 times a power of ten, so that about five of them make the span.
    let power = pow(10, (log10(span / 5)).rounded(.down))
    let step = [1, 2, 5, 10].map { $0 * power }.first { $0 >= span / 5 } ?? 10 * power
    let (first, last) = ((least / step).rounded(.down), ((least + span) / step).rounded(.up))
    (low, high) = (first * step, last * step)
    ticks = stride(from: first, through: last, by: 1).map { $0 * step }
    digits = max(0, Int(-log10(step).rounded(.down)))
  }
}

/// A number with `digits` behind the point.
private func fixed(_ value: Double, digits: Int) -> String {
  let scaled = Int((abs(value) * pow(10, Double(digits))).rounded())
  let text = String(scaled)
  let padded = String(repeating: "0", count: max(0, digits + 1 - text.count)) + text
  let sign = value < 0 && scaled > 0 ? "-" : ""
  return sign + padded.dropLast(digits) + (digits > 0 ? "." + padded.suffix(digits) : "")
}
