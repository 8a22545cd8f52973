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

  /// Threads take them: steps, or strips of them.
  var turns: Int { schedule.steps * schedule.turnsPerStep }

  /// What a turn is made of: reading input rows into the ring, each stage of each strip, handing on output rows.
  var parts: Int { stripsPerTurn * graph.stages.count + 2 }

  private var stripsPerTurn: Int { schedule.columnEnds.count / schedule.turnsPerStep }

  /// Makes what takes parts of turns, both in order, but not necessarily all.
  func makeWorker(
    read: @escaping (_ rows: Range<Int>, _ window: RowWindow) throws -> Void,
    write: @escaping (_ rows: Range<Int>, _ window: RowWindow) throws -> Void
  ) -> (_ turn: Int, _ part: Int) throws -> Void {
    var progress = RowSchedule.Progress(graph)
    var nextStep = 0
    let scratch = graph.stages.map { $0.kernel.makeScratch() }
    return { [self] turn, part in
      let (step, place) = turn.quotientAndRemainder(dividingBy: schedule.turnsPerStep)
      while nextStep <= step {
        progress.advance(graph, schedule, step: nextStep)
        nextStep += 1
      }
      if part == 0 {
        let rows = progress.before[0]..<progress.after[0]
        if place == 0, !rows.isEmpty { try read(rows, rings[0].window) }
      } else if part < parts - 1 {
        let (strip, stage) = (part - 1).quotientAndRemainder(dividingBy: graph.stages.count)
        compute(stage, strip: place * stripsPerTurn + strip, rows: progress.rows(stage + 1), scratch[stage])
      } else if place == schedule.turnsPerStep - 1 {
        let height = graph.output.height
        let rows = schedule.outputRows(after: step - 1, of: height)..<schedule.outputRows(after: step, of: height)
        if !rows.isEmpty { try write(rows, rings[rings.count - 1].window) }
      }
    }
  }

  private func compute(_ stage: Int, strip: Int, rows: Range<Int>, _ scratch: (any RowScratch)?) {
    let value = stage + 1
    let start = strip == 0 ? 0 : schedule.columnEnds[strip - 1][value]
    let columns = start..<schedule.columnEnds[strip][value]
    guard !rows.isEmpty, !columns.isEmpty else { return }
    let description = graph.stages[stage]
    description.kernel.compute(
      rows: rows, columns: columns, from: description.inputs.map { rings[$0].window }, to: rings[value].window, scratch)
  }
}
