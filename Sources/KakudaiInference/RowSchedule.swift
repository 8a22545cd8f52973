import KakudaiTensors

/// In which steps and column strips a network is computed, and how many rows of each value must be held for that.
///
/// A step makes `stepRows` rows of the output and what they need of every other value. Within it, strips are computed from the
/// left to the right, each as far in every value as the strip's outputs need: nothing is computed twice, and what a strip
/// touches stays in the cache.
struct RowSchedule: Sendable {
  let stepRows: Int
  let steps: Int
  /// For each strip, the columns up to which each value is computed.
  let columnEnds: [[Int]]
  let rings: [RowRing.Size]

  /// - Parameters:
  ///   - lag: Steps that are computed at the same time.
  ///   - isOverlapped: Whether one more is being read, and one written.
  init(_ graph: RowGraph, stepRows: Int, strips: Int, lag: Int, isOverlapped: Bool = false) {
    let output = graph.output
    self.stepRows = min(stepRows, output.height)
    steps = (output.height + self.stepRows - 1) / self.stepRows
    columnEnds = (1...strips).map { strip in
      graph.columnEnds(share: Double(strip) / Double(strips), alignment: strips == 1 ? 1 : 16)
    }

    var slots = [Int](repeating: 1, count: graph.sizes.count)
    var done = [Int](repeating: 0, count: graph.sizes.count)
    // What the steps under way still need, the earliest first.
    var needed: [[Int]] = []
    for step in 0..<steps {
      if needed.count == lag + 1 { needed.removeFirst() }
      needed.append(graph.firstNeeded(done: done, written: step * self.stepRows))
      done = graph.rowTargets(outputRows: min((step + 1) * self.stepRows, output.height), done: done)
      for value in slots.indices {
        let isAtEnd = value == 0 || value == slots.count - 1
        let first = needed[max(0, needed.count - (isAtEnd && isOverlapped ? lag + 1 : lag))][value]
        slots[value] = max(slots[value], done[value] - first)
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

  /// Bytes of all rings.
  var memory: Int { rings.reduce(0) { $0 + 4 * $1.floats } }
}
