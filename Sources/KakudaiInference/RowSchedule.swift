import KakudaiTensors

/// In which steps and column strips a network is computed, and how many rows of each value must be held for that.
///
/// A step makes `stepRows` rows of the output and what they need of every other value. Within it, strips are computed from the
/// left to the right, each as far in every value as the strip's outputs need: nothing is computed twice, and what a strip
/// touches stays in the cache. Before the first outputs, values get ahead as far as outputs need, some rows a step too: made at
/// once, these rows would ask for larger rings than all that follow.
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
  private(set) var rings: [RowRing.Size]

  /// - Parameters:
  ///   - lag: Steps that are computed at the same time.
  init(_ graph: RowGraph, stepRows: Int, strips: Int, lag: Int) {
    let (output, stepRows) = (graph.output, min(stepRows, graph.output.height))
    ahead = graph.rowTargets(outputRows: stepRows, done: graph.sizes.map { _ in 0 })
    rowsPerStep = graph.sizes.map { ($0.height * stepRows + output.height - 1) / output.height }
    leadSteps = zip(ahead, rowsPerStep).reduce(0) { max($0, ($1.0 - 1) / $1.1) }
    steps = leadSteps + (output.height + stepRows - 1) / stepRows
    self.stepRows = stepRows
    columnEnds = (1...strips).map { strip in
      graph.columnEnds(share: Double(strip) / Double(strips), alignment: strips == 1 ? 1 : 16)
    }

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
        let first = needed[0][value]
        slots[value] = max(slots[value], progress.after[value] - first)
      }
    }
    rings = graph.sizes.indices.map { value in
      var margins = (left: 0, right: 0)
      for consumer in graph.consumers[value] {
        let wanted = graph.stages[consumer.stage].kernel.margins(consumer.index)
        margins = (max(margins.left, wanted.left), max(margins.right, wanted.right))
      }
      let size = graph.sizes[value]
      return RowRing.Size(channels: size.channels, slots: slots[value], width: size.width, margins: margins)
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
