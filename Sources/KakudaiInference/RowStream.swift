import KakudaiTensors

/// One run of a network over a picture that comes and goes by rows.
///
/// Each worker keeps its own account of how far every value has come, which follows from the step alone.
final class RowStream: @unchecked Sendable {
  private let graph: RowGraph
  private let schedule: RowSchedule
  private let rings: [RowRing]

  init(_ graph: RowGraph, _ schedule: RowSchedule) {
    (self.graph, self.schedule) = (graph, schedule)
    rings = zip(schedule.rings, graph.sizes).map { RowRing($0, height: $1.height) }
  }

  /// Puts the input rows of each step into the ring.
  func reader(_ read: @escaping (_ rows: Range<Int>, _ window: RowWindow) throws -> Void) -> (Int) throws -> Void {
    var progress = RowSchedule.Progress(graph)
    return { [self] step in
      progress.advance(graph, schedule, step: step)
      let rows = progress.before[0]..<progress.after[0]
      if !rows.isEmpty { try read(rows, rings[0].window) }
    }
  }

  /// Computes some strips of each step.
  func computer(strips: Range<Int>) -> (Int) -> Void {
    var progress = RowSchedule.Progress(graph)
    let scratch = graph.stages.map { $0.kernel.makeScratch() }
    return { [self] step in
      progress.advance(graph, schedule, step: step)
      for strip in strips {
        for (stage, description) in graph.stages.enumerated() {
          let value = stage + 1
          let rows = progress.rows(value)
          let start = strip == 0 ? 0 : schedule.columnEnds[strip - 1][value]
          let columns = start..<schedule.columnEnds[strip][value]
          guard !rows.isEmpty, !columns.isEmpty else { continue }
          description.kernel.compute(
            rows: rows, columns: columns, from: description.inputs.map { rings[$0].window }, to: rings[value].window,
            scratch[stage])
        }
      }
    }
  }

  /// Hands on the output rows of each step.
  func writer(_ write: @escaping (_ rows: Range<Int>, _ window: RowWindow) throws -> Void) -> (Int) throws -> Void {
    { [self] step in
      let height = graph.output.height
      let rows = schedule.outputRows(after: step - 1, of: height)..<schedule.outputRows(after: step, of: height)
      if !rows.isEmpty { try write(rows, rings[rings.count - 1].window) }
    }
  }
}
