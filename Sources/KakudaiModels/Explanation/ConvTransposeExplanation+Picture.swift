public import KakudaiTensors

extension ConvTransposeExplanation {
  /// Input, kernel and output side by side, `(1, 3, H, W)`: the output's cells are coloured by, and labelled with, the number
  /// of products summed into them; the cropped border is hatched, the output padding framed.
  public var picture: Tensor {
    let (rows, columns) = (vertical, horizontal)
    let widest = max(rows.coverage.count, columns.coverage.count, inputSize.height + 1, inputSize.width)
    let cell = max(14, min(40, 900 / widest))
    let margin = 24
    let title = 40
    let kernelRows = (kernelSize.height - 1) * dilation.height + 1
    let kernelColumns = (kernelSize.width - 1) * dilation.width + 1
    let panelWidth = max(max(inputSize.width, kernelColumns) * cell, Canvas.textWidth("INPUT 00 X 00", dot: 3))
    let left = margin * 2 + panelWidth
    let leftHeight = title + inputSize.height * cell + title + kernelRows * cell + title + 10
    let height = margin * 2 + max(leftHeight, title + rows.coverage.count * cell) + title
    let warningWidth = Canvas.textWidth(footer, dot: 2) + margin * 2
    let width = max(left + columns.coverage.count * cell + margin, warningWidth)
    var canvas = Canvas(width: width, height: height, background: Palette.paper)

    canvas.write("INPUT \(inputSize.height) X \(inputSize.width)", x: margin, y: margin, dot: 3, Palette.ink)
    for y in 0..<inputSize.height {
      for x in 0..<inputSize.width {
        canvas.square(x: margin + x * cell, y: margin + title + y * cell, size: cell, Palette.input)
      }
    }
    let kernelTop = margin + title + inputSize.height * cell + 18
    canvas.write("KERNEL \(kernelSize.height) X \(kernelSize.width)", x: margin, y: kernelTop, dot: 3, Palette.ink)
    for y in 0..<kernelRows {
      for x in 0..<kernelColumns {
        let isTap = y % dilation.height == 0 && x % dilation.width == 0
        canvas.square(
          x: margin + x * cell, y: kernelTop + 22 + y * cell, size: cell, isTap ? Palette.kernel : Palette.gap)
      }
    }

    let attributesTop = kernelTop + 34 + kernelRows * cell
    for (line, text) in ["STRIDE \(stride.height) X \(stride.width)", "PADDING \(padding.height) X \(padding.width)"]
      .enumerated()
    {
      canvas.write(text, x: margin, y: attributesTop + line * 18, dot: 2, Palette.ink)
    }
    canvas.write("OUTPUT \(outputSize.height) X \(outputSize.width)", x: left, y: margin, dot: 3, Palette.ink)
    let most = max(1, coverage.joined().max() ?? 1)
    for (y, rowCount) in rows.coverage.enumerated() {
      for (x, columnCount) in columns.coverage.enumerated() {
        let (cellX, cellY) = (left + x * cell, margin + title + y * cell)
        let isVisible = rows.kept.contains(y) && columns.kept.contains(x)
        let count = rowCount * columnCount
        canvas.square(
          x: cellX, y: cellY, size: cell, isVisible ? Palette.heat(Float(count) / Float(most)) : Palette.cropped)
        guard isVisible else {
          canvas.hatch(x: cellX + 1, y: cellY + 1, size: cell - 2, Palette.hatching)
          continue
        }
        if rows.added.contains(y) || columns.added.contains(x) {
          canvas.frame(x: cellX + 1, y: cellY + 1, size: cell - 2, Palette.warning)
        }
        let label = String(count)
        let dot = cell >= 24 && label.count <= 2 ? 2 : 1
        canvas.write(
          label, x: cellX + (cell - Canvas.textWidth(label, dot: dot)) / 2, y: cellY + (cell - 5 * dot) / 2, dot: dot,
          Float(count) / Float(most) > 0.6 ? Palette.paper : Palette.ink)
      }
    }
    canvas.write(footer, x: margin, y: height - margin - 6, dot: 2, warning == nil ? Palette.ink : Palette.warning)
    return canvas.tensor
  }

  private var footer: String {
    warning == nil
      ? "COVERED EQUALLY AWAY FROM THE BORDER"
      : "CHECKERBOARD: KERNEL \(kernelSize.height) X \(kernelSize.width) IS NOT A MULTIPLE OF STRIDE "
        + "\(stride.height) X \(stride.width)"
  }
}

private enum Palette {
  static let paper: Canvas.Colour = (1, 1, 1)
  static let ink: Canvas.Colour = (0.13, 0.15, 0.2)
  static let input: Canvas.Colour = (0.36, 0.6, 0.86)
  static let kernel: Canvas.Colour = (0.95, 0.66, 0.28)
  static let gap: Canvas.Colour = (0.94, 0.94, 0.94)
  static let cropped: Canvas.Colour = (0.93, 0.93, 0.93)
  static let hatching: Canvas.Colour = (0.72, 0.72, 0.72)
  static let warning: Canvas.Colour = (0.82, 0.16, 0.14)

  /// From nearly white to dark green.
  static func heat(_ share: Float) -> Canvas.Colour { (0.92 - 0.86 * share, 0.97 - 0.55 * share, 0.9 - 0.6 * share) }
}

extension Canvas {
  /// A square with a thin gap to its neighbours.
  fileprivate mutating func square(x: Int, y: Int, size: Int, _ colour: Colour) {
    fill(x: x, y: y, width: size - 1, height: size - 1, colour)
  }

  fileprivate mutating func frame(x: Int, y: Int, size: Int, _ colour: Colour) {
    fill(x: x, y: y, width: size - 1, height: 2, colour)
    fill(x: x, y: y + size - 3, width: size - 1, height: 2, colour)
    fill(x: x, y: y, width: 2, height: size - 1, colour)
    fill(x: x + size - 3, y: y, width: 2, height: size - 1, colour)
  }
}
