import KakudaiTensors

/// In which steps and column strips a network is computed, and how many rows of each value must be held for that.
///
/// A step makes `stepRows` rows of the output and what they need of every other value. Within it, strips are computed from the
/// left to the right, each as far in every value as the strip's outputs need: nothing is computed twice. Before the
/// first outputs, values get ahead as far as outputs need, some rows a step too: made at once, these rows would ask for larger
/// rings than all that follow.
///
/// Threads take steps in turns, or each takes columns of its own of every step: then only the input and the output are shared, at
/// the cost of some columns around these that are computed twice.
struct RowSchedule: Sendable {
  let stepRows: Int
  let steps: Int
  /// The steps before those that make outputs.
  private let leadSteps: Int
  /// The rows of each value that the first outputs need, and about how many a step adds.
  private let ahead: [Int]
  private let rowsPerStep: [Int]
  /// The columns of each value that are computed together: of each thread that has columns of its own, or of all; and in which
  /// strips.
  let slices: [[Range<Int>]]
  let strips: [[[Range<Int>]]]
  /// Of each slice; those of the input and of the output are shared.
  private(set) var rings: [[RowRing.Size]]

  /// The values that threads with columns of their own share.
  static func isShared(_ value: Int, _ graph: RowGraph) -> Bool { value == 0 || value == graph.sizes.count - 1 }

  /// - Parameters:
  ///   - strips: Of each slice.
  ///   - sideBySide: Whether threads have columns of their own, of which the picture must have enough.
  init(_ graph: RowGraph, stepRows: Int, strips: Int, threads: Int, sideBySide: Bool = false) {
    let (output, stepRows) = (graph.output, min(stepRows, graph.output.height))
    ahead = graph.rowTargets(outputRows: stepRows, done: graph.sizes.map { _ in 0 })
    rowsPerStep = graph.sizes.map { ($0.height * stepRows + output.height - 1) / output.height }
    leadSteps = zip(ahead, rowsPerStep).reduce(0) { max($0, ($1.0 - 1) / $1.1) }
    steps = leadSteps + (output.height + stepRows - 1) / stepRows
    self.stepRows = stepRows
    let slices = sideBySide ? Self.slices(graph, threads) : [graph.sizes.map { 0..<$0.width }]
    self.slices = slices
    self.strips = Self.strips(graph, slices, strips)
    // Steps whose rows are held at the same time.
    func stepsHeld(_ value: Int) -> Int {
      !sideBySide ? threads : Self.isShared(value, graph) ? SideBySide.stepsHeld : 1
    }

    rings = []
    var slots = [Int](repeating: 1, count: graph.sizes.count)
    var progress = Progress(graph)
    // What the steps under way still need, the latest first.
    var needed: [[Int]] = []
    for step in 0..<steps {
      progress.advance(graph, self, step: step)
      needed.insert(progress.needed, at: 0)
      if needed.count > max(threads, SideBySide.stepsHeld) { needed.removeLast() }
      for value in slots.indices {
        let first = needed[min(needed.count, stepsHeld(value)) - 1][value]
        slots[value] = max(slots[value], progress.after[value] - first)
      }
    }
    rings = slices.map { columns in
      graph.sizes.indices.map { value in
        let margins = graph.consumers[value].compactMap { graph.stages[$0.stage].kernel.margins($0.index) }
        let size = graph.sizes[value]
        return RowRing.Size(
          channels: size.channels, slots: slots[value],
          columns: Self.isShared(value, graph) ? 0..<size.width : columns[value], margins: margins)
      }
    }
  }

  /// As even as whole cache lines of the output are.
  private static func slices(_ graph: RowGraph, _ count: Int) -> [[Range<Int>]] {
    let (width, unit) = (graph.output.width, graph.columnGroup(ofOutputAlignedTo: 16))
    let cuts = (0...count).map { $0 == count ? width : width * $0 / count / unit * unit }
    return (0..<count).map { graph.columns(for: cuts[$0]..<cuts[$0 + 1]) }
  }

  private static func strips(_ graph: RowGraph, _ slices: [[Range<Int>]], _ count: Int) -> [[[Range<Int>]]] {
    slices.enumerated().map { index, slice in
      var starts = slice.map(\.lowerBound)
      return (1...count).map { strip in
        let share = Double(index * count + strip) / Double(slices.count * count)
        let ends = strip == count ? slice.map(\.upperBound) : graph.columnEnds(share: share, alignment: 16)
        return slice.indices.map { value in
          let end = min(max(starts[value], ends[value]), slice[value].upperBound)
          defer { starts[value] = end }
          return starts[value]..<end
        }
      }
    }
  }

  /// What the slice with the most work has to do, where an even share of that of the whole picture is 1.
  func largestShare(_ graph: RowGraph) -> Double {
    let whole = graph.work(columns: graph.sizes.map(\.width)) / Double(slices.count)
    return slices.reduce(0) { max($0, graph.work(columns: $1.map(\.count)) / whole) }
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
  func memory(_ graph: RowGraph) -> Int {
    rings.enumerated().reduce(0) { sum, slice in
      slice.element.enumerated().reduce(sum) { sum, ring in
        let isCounted = slice.offset > 0 && Self.isShared(ring.offset, graph)
        return sum + (isCounted ? 0 : BufferPool.roundedUp(4 * ring.element.floats))
      }
    }
  }
}
