import KakudaiTensors

/// One run of a network over a picture that comes and goes by rows.
///
/// Each worker keeps its own account of how far every value has come, which follows from the step alone.
final class RowStream: @unchecked Sendable {
  typealias Transfer = (_ rows: Range<Int>, _ window: RowWindow) throws -> Void

  private let graph: RowGraph
  private let schedule: RowSchedule
  /// Of each slice.
  private let rings: [[RowRing]]

  /// - Parameter output: Where all rows of the output go, if memory is given for them.
  init(_ graph: RowGraph, _ schedule: RowSchedule, output: RowWindow? = nil) {
    (self.graph, self.schedule) = (graph, schedule)
    func ring(_ slice: Int, _ value: Int) -> RowRing {
      let size = graph.sizes[value]
      return RowRing(schedule.rings[slice][value], height: size.height, width: size.width)
    }
    let first = graph.sizes.indices.map {
      if let output, $0 == graph.sizes.count - 1 { RowRing(around: output) } else { ring(0, $0) }
    }
    rings = schedule.slices.indices.map { slice in
      graph.sizes.indices.map {
        slice == 0 || RowSchedule.isShared($0, graph) ? first[$0] : ring(slice, $0)
      }
    }
  }

  /// Computes all rows of the output; `read` fills rows of the input, and `write` is given those of the output, both in order.
  func run(threads: Int, read: @escaping Transfer, write: @escaping Transfer) throws {
    guard schedule.slices.count == 1 else {
      return try SideBySide(threads: threads).run(steps: schedule.steps) { thread in
        let worker = Worker(self, slice: thread)
        return { step, part in
          switch part {
          case .read: try worker.read(step, read)
          case .compute: for part in 0..<worker.parts { worker.compute(part, step) }
          case .write: try worker.write(step, write)
          }
        }
      }
    }
    let parts = schedule.strips[0].count * graph.stages.count
    try Pipeline(threads: threads, parts: parts + 2).run(steps: schedule.steps) {
      let worker = Worker(self, slice: 0)
      return { step, part in
        if part == 0 {
          try worker.read(step, read)
        } else if part <= parts {
          worker.compute(part - 1, step)
        } else {
          try worker.write(step, write)
        }
      }
    }
  }

  /// What computes steps, but not necessarily all, on one thread.
  private final class Worker {
    private let stream: RowStream
    private let strips: [[Range<Int>]]
    private let rings: [RowRing]
    private let scratch: [(any RowScratch)?]
    private var progress: RowSchedule.Progress
    private var nextStep = 0

    init(_ stream: RowStream, slice: Int) {
      (self.stream, strips, rings) = (stream, stream.schedule.strips[slice], stream.rings[slice])
      scratch = stream.graph.stages.map { $0.kernel.makeScratch() }
      progress = RowSchedule.Progress(stream.graph)
    }

    /// Each stage of each strip.
    var parts: Int { strips.count * stream.graph.stages.count }

    private func advance(to step: Int) {
      while nextStep <= step {
        progress.advance(stream.graph, stream.schedule, step: nextStep)
        nextStep += 1
      }
    }

    func read(_ step: Int, _ transfer: Transfer) throws {
      advance(to: step)
      let rows = progress.before[0]..<progress.after[0]
      if !rows.isEmpty { try transfer(rows, rings[0].window) }
    }

    func compute(_ part: Int, _ step: Int) {
      advance(to: step)
      let (strip, stage) = part.quotientAndRemainder(dividingBy: stream.graph.stages.count)
      let (rows, columns) = (progress.rows(stage + 1), strips[strip][stage + 1])
      guard !rows.isEmpty, !columns.isEmpty else { return }
      let description = stream.graph.stages[stage]
      description.kernel.compute(
        rows: rows, columns: columns, from: description.inputs.map { rings[$0].window }, to: rings[stage + 1].window,
        scratch[stage])
    }

    /// Any step that has been computed.
    func write(_ step: Int, _ transfer: Transfer) throws {
      let (schedule, height) = (stream.schedule, stream.graph.output.height)
      let rows = schedule.outputRows(after: step - 1, of: height)..<schedule.outputRows(after: step, of: height)
      if !rows.isEmpty { try transfer(rows, rings[rings.count - 1].window) }
    }
  }
}
