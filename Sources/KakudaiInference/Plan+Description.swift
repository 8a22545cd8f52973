import KakudaiTensors

extension Plan: CustomStringConvertible {
  /// A table: each operation, the shape of its result, what it reads, how a convolution computes, and, where the network flows
  /// by rows, the rows that are kept of it by one thread, the input pixels that one of its pixels depends on (height × width), and
  /// its multiplications for each input pixel.
  public var description: String {
    var table = [["", "operation", "shape", "reads", "kernel", "rows kept", "field", "MAC/pixel"]]
    let schedule = rows.map { Settings($0, threads: 1).schedule }
    let fields = rows?.receptiveFields(graph)
    let pixels = max(1, input.rank >= 2 ? input[-2] * input[-1] : 1)
    var total = 0
    // What depends on all of the picture.
    var wholes: Set<Int> = []
    for (index, entry) in graph.values.enumerated() {
      var cells = [String(index), "", "\(entry.shape)", "", "", "", "", ""]
      switch entry.origin {
      case .constant: continue
      case .input:
        cells[1] = "input"
        if let schedule { (cells[5], cells[6]) = (String(schedule.rings[0][0].slots), "1×1") }
      case .result(let operation, let inputs):
        cells[1] = summary(operation)
        cells[3] = inputs.map { graph.constant($0) == nil ? String($0) : "constant" }.joined(separator: ", ")
        if operation is any PictureOperation || inputs.contains(where: { wholes.contains($0) }) { wholes.insert(index) }
        guard let rows, let schedule, let fields,
          let stage = rows.stages.firstIndex(where: { $0.place >= index })
        else { break }
        let kernel = rows.stages[stage].kernel
        guard rows.stages[stage].place == index else {
          cells[4] = "with the next"
          break
        }
        cells[4] = (kernel as? RowConvolution)?.algorithmName ?? (kernel as? RowChain)?.algorithmName ?? ""
        cells[5] = String(schedule.rings[0][stage + 1].slots)
        let field = fields[stage + 1]
        cells[6] = wholes.contains(index) ? "all" : "\(field.height)×\(field.width)"
        if kernel.multiplications > 0 {
          total += kernel.multiplications
          cells[7] = String(kernel.multiplications / pixels)
        }
      }
      table.append(cells)
    }
    let widths = table[0].indices.map { column in table.map(\.[column].count).max()! }
    var text = table.map { cells in
      zip(cells, widths).map { $0 + String(repeating: " ", count: $1 - $0.count) }.joined(separator: "  ")
    }.joined(separator: "\n")
    if let rows, let schedule {
      text +=
        "\n\(total / pixels) multiplications for each input pixel; \(schedule.stepRows) output rows a step in "
        + "\(schedule.strips[0].count) strips, \(schedule.memory(rows) >> 10) KB"
    }
    let reasons = wholePictureOperations.joined(separator: ", ")
    if rows == nil {
      text += "\ncomputed whole, because of \(reasons)"
    } else if readings > 1 {
      text +=
        "\nread \(readings) times for the statistics of \(reasons), or computed whole where \(wholeMemory >> 20) MB "
        + "may be used"
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
    if let activation = epilogue.activations.first { text += activation.hinges.isEmpty ? " + slopes" : " + hinges" }
    if epilogue.low > -.infinity || epilogue.high < .infinity { text += " + clamp" }
    if epilogue.residual == .afterActivation { text += " + residual" }
    return text
  }
}
