import KakudaiTensors

/// In which steps and column strips a network is computed, and how many rows of each value must be held for that.
///
/// A step makes `stepRows` rows of the output and what they need of every other value. Within it, strips are computed from the
/// left to the right, each as far in every value as the strip's outputs need: nothing is computed twice. Before the
/// first outputs, values get ahead as far as outputs need, some rows a step too: made at once, these rows would ask for larger
/// rings than all that follow.
struct RowSchedule: Sendable {
  let stepRows: Int
  let steps: Int
  /// The steps before those that make outputs.
  private let leadSteps: Int
  /// The rows of each value that the first outputs need, and about how many a step adds.
  private let ahead: [Int]
  private let rowsPerStep: [Int]
  /// For each strip, the columns up to which each value is computed.
  let columnEnds: [[Int]]
  /// Turns that threads take in one step: one, or one for each strip.
  let turnsPerStep: Int
  private(set) var rings: [RowRing.Size]

  /// - Parameter sharesSteps: Whether threads take strips of one step, where these are far enough apart, rather than a step each.
  init(_ graph: RowGraph, stepRows: Int, strips: Int, threads: Int, sharesSteps: Bool = false) {
    let (output, stepRows) = (graph.output, min(stepRows, graph.output.height))
    ahead = graph.rowTargets(outputRows: stepRows, done: graph.sizes.map { _ in 0 })
    rowsPerStep = graph.sizes.map { ($0.height * stepRows + output.height - 1) / output.height }
    leadSteps = zip(ahead, rowsPerStep).reduce(0) { max($0, ($1.0 - 1) / $1.1) }
    steps = leadSteps + (output.height + stepRows - 1) / stepRows
    self.stepRows = stepRows
    columnEnds = (1...strips).map { strip in
      graph.columnEnds(share: Double(strip) / Double(strips), alignment: strips == 1 ? 1 : 16)
    }
    turnsPerStep = sharesSteps && Self.canShareSteps(graph, columnEnds, threads: threads) ? strips : 1
    // Steps whose rows are held at the same time: those under way, or, where threads share a step, the one that is read ahead or
    // written late.
    let lag = turnsPerStep > 1 ? min(threads, 2) : threads
    let outer = [0, graph.sizes.count - 1]

    rings = []
    var slots = [Int](repeating: 1, count: graph.sizes.count)
    var progress = Progress(graph)
    // What the steps under way still need, the earliest first.
    var needed: [[Int]] = []
    for step in 0..<steps {
      if needed.count == lag { needed.removeFirst() }
      progress.advance(graph, self, step: step)
      needed.append(progress.needed)
      for value in slots.indices {
        let first = needed[turnsPerStep == 1 || outer.contains(value) ? 0 : needed.count - 1][value]
        slots[value] = max(slots[value], progress.after[value] - first)
      }
    }
    rings = graph.sizes.indices.map { value in
      let margins = graph.consumers[value].compactMap { graph.stages[$0.stage].kernel.margins($0.index) }
      let size = graph.sizes[value]
      return RowRing.Size(channels: size.channels, slots: slots[value], width: size.width, margins: margins)
    }
  }

  /// Whether the last strips of a step are apart from the first of the next, which other threads begin meanwhile and which must not
  /// replace rows that those still read.
  private static func canShareSteps(_ graph: RowGraph, _ columnEnds: [[Int]], threads: Int) -> Bool {
    guard columnEnds.count > threads else { return false }
    // As many strips of the next step may have been begun, the last one that is under way being as far behind as there are threads.
    return (1..<threads).allSatisfy { begun in
      let (early, late) = (columnEnds[begun - 1], columnEnds[columnEnds.count - threads + begun - 1])
      return graph.stages.enumerated().allSatisfy { stage, description in
        let columns = late[stage + 1]..<graph.sizes[stage + 1].width
        return columns.isEmpty
          || description.inputs.enumerated().allSatisfy { index, value in
            description.kernel.inputColumns(index, for: columns).lowerBound >= early[value]
          }
      }
    }
  }

  /// The rows of the output that are complete after a step.
  func outputRows(after step: Int, of height: Int) -> Int { min(max(0, step + 1 - leadSteps) * stepRows, height) }

  /// How far every value has come before and after a step, which follows from the step alone.
  struct Progress {
    private(set) var before: [Int]
    private(set) var after: [Int]
    /// The first row of each value that later outputs depend on.
    private(set) var needed: [Int]

    init(_ graph: RowGraph) {
      before = Array(repeating: 0, count: graph.sizes.count)
      (after, needed) = (before, before)
    }

    mutating func advance(_ graph: RowGraph, _ schedule: RowSchedule, step: Int) {
      let height = graph.output.height
      before = after
      needed = graph.firstNeeded(done: before, written: schedule.outputRows(after: step - 1, of: height))
      let lead = max(0, schedule.leadSteps - step)
      let wanted = before.indices.map { max(before[$0], schedule.ahead[$0] - lead * schedule.rowsPerStep[$0]) }
      after = graph.rowTargets(
        outputRows: schedule.outputRows(after: step, of: height), done: before, wanted: lead > 0 ? wanted : before)
    }

    /// The rows of a value that the step computes: none that nothing depends on.
    func rows(_ value: Int) -> Range<Int> { min(max(before[value], needed[value]), after[value])..<after[value] }
  }

  /// Bytes of all rings.
  var memory: Int { rings.reduce(0) { $0 + BufferPool.roundedUp(4 * $1.floats) } }
}
