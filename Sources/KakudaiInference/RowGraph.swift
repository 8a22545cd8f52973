import KakudaiTensors

/// A network whose operations all know which rows they need: its input, and stages that follow from each other.
struct RowGraph: Sendable {
  struct Size: Hashable, Sendable {
    let channels: Int
    let height: Int
    let width: Int

    init(_ shape: Shape) { (channels, height, width) = (shape[-3], shape[-2], shape[-1]) }
  }

  /// What computes a value from earlier ones; the value itself has the same index, one later than its stage.
  struct Stage: Sendable {
    let kernel: any RowKernel
    /// Values, the first being the network's input.
    let inputs: [Int]
    /// The place in the graph.
    let place: Int
  }

  let stages: [Stage]
  /// Of each value; value 0 is the input, value `s + 1` that of stage `s`.
  let sizes: [Size]
  /// The stages that read each value, and which of their inputs it is.
  let consumers: [[(stage: Int, index: Int)]]

  /// Finds kernels for all operations of `graph`, or says which need the whole picture.
  init(_ graph: Graph) throws(NotStreamable) {
    var stages: [Stage] = []
    var sizes: [Size] = []
    var places: [Int: Int] = [:]
    var reasons: [String] = []
    guard graph.values[0].shape.isPicture else {
      throw NotStreamable(reasons: ["the input \(graph.values[0].shape) is not one picture"])
    }
    places[0] = 0
    sizes.append(Size(graph.values[0].shape))
    let uses = graph.uses
    for (index, value) in graph.values.enumerated() {
      guard case .result(let operation, let inputs) = value.origin else { continue }
      let operands = inputs.map { RowInput(shape: graph.values[$0].shape, constant: graph.constant($0)) }
      let flowing = inputs.filter { graph.constant($0) == nil }
      guard value.shape.isPicture, let operation = operation as? any RowOperation,
        let kernel = operation.rowKernel(operands, shape: value.shape)
      else {
        reasons.append("\(type(of: operation).name) of \(operands[0].shape)")
        // What follows is judged as if this could flow.
        places[index] = sizes.count
        sizes.append(value.shape.isPicture ? Size(value.shape) : sizes[0])
        continue
      }
      let own = flowing.map { places[$0]! }
      // What the stage before makes for this one alone need not be held.
      if let before = stages.last, flowing[0] == before.place, uses[before.place] == 1,
        let chain = RowChain(before.kernel, kernel, channels: sizes[sizes.count - 1].channels)
      {
        stages[stages.count - 1] = Stage(kernel: chain, inputs: before.inputs + own.dropFirst(), place: index)
        sizes[sizes.count - 1] = Size(value.shape)
        places[index] = sizes.count - 1
        continue
      }
      stages.append(Stage(kernel: kernel, inputs: own, place: index))
      places[index] = sizes.count
      sizes.append(Size(value.shape))
    }
    if stages.last?.place != graph.output { reasons.append("the output does not follow from the input") }
    guard reasons.isEmpty else { throw NotStreamable(reasons: reasons) }
    var consumers = [[(stage: Int, index: Int)]](repeating: [], count: sizes.count)
    for (stage, description) in stages.enumerated() {
      for (index, value) in description.inputs.enumerated() { consumers[value].append((stage, index)) }
    }
    (self.stages, self.sizes, self.consumers) = (stages, sizes, consumers)
  }

  var output: Size { sizes[sizes.count - 1] }

  /// For a whole picture.
  var multiplications: Int { stages.reduce(0) { $0 + $1.kernel.multiplications } }

  /// The rows that each value has once the output has `outputRows`, and values what is `wanted` of them, if not more; `done` is
  /// what they have now.
  func rowTargets(outputRows: Int, done: [Int], wanted: [Int]? = nil) -> [Int] {
    targets(
      done: done, wanted: wanted ?? done, output: outputRows, lengths: { $0.height },
      groups: { ($0.rowUnit, $0.rowLead) }
    ) { $0.inputRows($1, for: $2) }
  }

  /// The columns up to which each value is computed when about `share` of all work is done: the first layers are ahead of the
  /// last ones, so that even strips of the output would not be even work.
  func columnEnds(share: Double, alignment: Int) -> [Int] {
    func ends(_ outputColumns: Int) -> [Int] {
      let none = sizes.map { _ in 0 }
      return targets(
        done: none, wanted: none, output: outputColumns, lengths: { $0.width },
        groups: { (columnGroup($0, alignment: alignment), 0) }
      ) { $0.inputColumns($1, for: $2) }
    }
    guard share < 1 else { return ends(output.width) }
    let wanted = share * work(columns: ends(output.width))
    var (low, high) = (0, output.width)
    while low < high {
      let middle = (low + high) / 2
      if work(columns: ends(middle)) < wanted { low = middle + 1 } else { high = middle }
    }
    return ends(low)
  }

  /// The columns of each value that some columns of the output depend on, in whole groups; none where they do not.
  func columns(for output: Range<Int>) -> [Range<Int>] {
    var columns = sizes.map { _ in 0..<0 }
    columns[columns.count - 1] = output
    for (stage, description) in stages.enumerated().reversed() where !columns[stage + 1].isEmpty {
      let unit = description.kernel.columnUnit
      let (first, end) = (columns[stage + 1].lowerBound / unit * unit, columns[stage + 1].upperBound)
      columns[stage + 1] = first..<min((end + unit - 1) / unit * unit, sizes[stage + 1].width)
      for (index, input) in description.inputs.enumerated() {
        let needed = description.kernel.inputColumns(index, for: columns[stage + 1])
        let known = columns[input].isEmpty ? needed : columns[input]
        columns[input] = min(known.lowerBound, needed.lowerBound)..<max(known.upperBound, needed.upperBound)
      }
    }
    return columns
  }

  /// About what it costs to compute so many columns of each value, all of their rows.
  func work(columns: [Int]) -> Double {
    stages.indices.reduce(0) { work, stage in
      let (size, kernel) = (sizes[stage + 1], stages[stage].kernel)
      // What reads and writes of one element cost beside its multiplications.
      let perColumn = Double(kernel.multiplications) / Double(size.width) + 4 * Double(size.channels * size.height)
      return work + perColumn * Double(columns[stage + 1])
    }
  }

  /// Columns of the output that are best computed together, at least `alignment` of them.
  func columnGroup(ofOutputAlignedTo alignment: Int) -> Int {
    stages.last.map { columnGroup($0.kernel, alignment: alignment) } ?? alignment
  }

  private func columnGroup(_ kernel: any RowKernel, alignment: Int) -> Int {
    (kernel.columnUnit + alignment - 1) / kernel.columnUnit * kernel.columnUnit
  }

  private func targets(
    done: [Int], wanted: [Int], output: Int, lengths: (Size) -> Int, groups: (any RowKernel) -> (unit: Int, lead: Int),
    needed: (any RowKernel, Int, Range<Int>) -> Range<Int>
  ) -> [Int] {
    var targets = wanted
    targets[targets.count - 1] = max(output, wanted[wanted.count - 1])
    for (stage, description) in stages.enumerated().reversed() {
      let value = stage + 1
      guard targets[value] > done[value] else { continue }
      let (unit, lead) = groups(description.kernel)
      targets[value] = min((targets[value] + lead + unit - 1) / unit * unit - lead, lengths(sizes[value]))
      for (index, input) in description.inputs.enumerated() {
        let range = needed(description.kernel, index, done[value]..<targets[value])
        targets[input] = max(targets[input], range.upperBound)
      }
    }
    return targets
  }

  /// The first row of each value that outputs from `written` on depend on, as far as they are not yet computed; earlier rows
  /// that are not there yet need not be computed at all.
  func firstNeeded(done: [Int], written: Int) -> [Int] {
    var first = sizes.map(\.height)
    first[first.count - 1] = written
    for (stage, description) in stages.enumerated().reversed() {
      let value = stage + 1
      let row = max(first[value], done[value])
      guard row < sizes[value].height else { continue }
      for (index, input) in description.inputs.enumerated() {
        first[input] = min(first[input], description.kernel.inputRows(index, for: row..<row + 1).lowerBound)
      }
    }
    return first
  }
}

/// Why a network cannot flow by rows.
struct NotStreamable: Error {
  let reasons: [String]
}
