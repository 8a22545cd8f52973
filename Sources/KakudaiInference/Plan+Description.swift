import KakudaiTensors

extension Plan: CustomStringConvertible {
  /// A table: each operation, the shape of its result, what it reads, how a convolution computes, and, where the network flows by rows, the rows that are
  /// kept of it by one thread, the input pixels that one of its pixels depends on (height × width), and its multiplications for each
  /// input pixel.
  public var description: String {
    var table = [["", "operation", "shape", "reads", "kernel", "rows kept", "field", "MAC/pixel"]]
    let settings = rows.map { Settings($0, threads: 1) }
    let schedule = rows.map { settings!.schedule($0, isOverlapped: false) }
    let fields = rows?.receptiveFields(graph)
    let pixels = max(1, input.rank >= 2 ? input[-2] * input[-1] : 1)
    var value = 0
    var total = 0
    for (index, entry) in graph.values.enumerated() {
      var cells = [String(index), "", "\(entry.shape)", "", "", "", "", ""]
      switch entry.origin {
      case .constant: continue
      case .input: cells[1] = "input"
      case .result(let operation, let inputs):
        value += 1
        cells[1] = summary(operation)
        cells[3] = inputs.map { graph.constant($0) == nil ? String($0) : "constant" }.joined(separator: ", ")
        cells[4] = (rows?.stages[value - 1].kernel as? RowConvolution)?.algorithmName ?? ""
        if let multiplications = rows?.stages[value - 1].kernel.multiplications, multiplications > 0 {
          total += multiplications
          cells[7] = String(multiplications / pixels)
        }
      }
      if let fields { cells[6] = "\(fields[value].height)×\(fields[value].width)" }
      if let schedule { cells[5] = String(schedule.rings[value].slots) }
      table.append(cells)
    }
    let widths = table[0].indices.map { column in table.map(\.[column].count).max()! }
    var text = table.map { cells in
      zip(cells, widths).map { $0 + String(repeating: " ", count: $1 - $0.count) }.joined(separator: "  ")
    }.joined(separator: "\n")
    if let schedule, let settings {
      text +=
        "\n\(total / pixels) multiplications for each input pixel; \(schedule.stepRows) output rows a step in "
        + "\(settings.strips) strips, \(schedule.memory >> 10) KB"
    } else {
      text += "\ncomputed whole, because of " + wholePictureOperations.joined(separator: ", ")
    }
    return text
  }

  private func summary(_ operation: any KakudaiTensors.Operation) -> String {
    (operation as? FusedConvolution)?.summary ?? type(of: operation).name
  }
}

extension FusedConvolution {
  /// `transposed 56→1 9×9 /2 + leaky`.
  fileprivate var summary: String {
    let inChannels = direction == .convolution ? weight.shape[1] * geometry.groups : weight.shape[0]
    var text = "\(direction) \(inChannels)→\(outChannels) \(weight.shape[2])×\(weight.shape[3])"
    let (vertical, horizontal) = (geometry.vertical.stride, geometry.horizontal.stride)
    if vertical != 1 || horizontal != 1 {
      text += vertical == horizontal ? " /\(vertical)" : " /\(vertical)×\(horizontal)"
    }
    if geometry.groups != 1 { text += " groups \(geometry.groups)" }
    if epilogue.residual == .beforeActivation { text += " + residual" }
    if !epilogue.negativeSlopes.isEmpty { text += " + slopes" }
    if epilogue.low > -.infinity || epilogue.high < .infinity { text += " + clamp" }
    if epilogue.residual == .afterActivation { text += " + residual" }
    return text
  }
}
