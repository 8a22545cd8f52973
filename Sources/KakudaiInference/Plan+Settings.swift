import KakudaiTensors

extension Plan {
  /// How a run is cut.
  struct Settings {
    let threads: Int
    let schedule: RowSchedule

    /// - Parameters:
    ///   - threads: At most.
    ///   - stepRows: Rows of a step, where they are not to be chosen.
    ///   - sideBySide: Whether threads have columns of their own, where that is not to be chosen.
    init(_ graph: RowGraph, threads: Int, stepRows: Int? = nil, sideBySide: Bool? = nil) {
      let alone =
        stepRows.map { RowSchedule(graph, stepRows: $0, strips: 1, threads: 1) } ?? Self.scheduleOfOne(graph)
      let threads = graph.multiplications < 2_000_000 ? 1 : min(threads, alone.steps)
      let mostStrips = max(1, graph.output.width / Self.narrowestStrip)
      let strips = min(mostStrips, (alone.memory(graph) + Self.stripBytes - 1) / Self.stripBytes)
      func schedule(strips: Int, sideBySide: Bool) -> RowSchedule {
        RowSchedule(graph, stepRows: alone.stepRows, strips: strips, threads: threads, sideBySide: sideBySide)
      }
      let inTurns = threads == 1 && strips == 1 ? alone : schedule(strips: strips, sideBySide: false)
      self.threads = threads
      guard threads > 1, sideBySide ?? (graph.output.width >= threads * Self.narrowestStrip) else {
        self.schedule = inTurns
        return
      }
      let apart = schedule(strips: (strips + threads - 1) / threads, sideBySide: true)
      let isLarge = inTurns.memory(graph) > Self.mostBytesOfTurns
      let most = isLarge ? Self.largestShareOfLarge : Self.largestShare
      self.schedule = sideBySide != nil || apart.largestShare(graph) <= most ? apart : inTurns
    }

    /// For one thread. Few rows a step where little is computed with each value, so that the rows of one layer are still in the cache
    /// when the next one reads them; more where much is, so that weights are read less often (FSRCNN: 6 input rows, 64 channels: 36).
    /// As many as make no ring larger than memory is cheap; of very wide pictures 4, the tiles of convolutions, or 2 where these are
    /// direct.
    private static func scheduleOfOne(_ graph: RowGraph) -> RowSchedule {
      let values = graph.sizes.dropFirst().reduce(0) { $0 + $1.channels * $1.height * $1.width }
      func schedule(_ inputRows: Int) -> RowSchedule {
        let outputRows = max(1, min(graph.output.height, inputRows * graph.output.height / graph.sizes[0].height))
        return RowSchedule(graph, stepRows: outputRows, strips: 1, threads: 1)
      }
      let mostInputRows = (max(6, graph.multiplications / max(1, values) / 16) + 3) / 6 * 6
      for inputRows in stride(from: mostInputRows, through: 6, by: -6) {
        let schedule = schedule(inputRows)
        if schedule.memory(graph) <= mostRingBytes { return schedule }
      }
      let (four, two) = (schedule(4), schedule(2))
      return four.memory(graph) > mostRingBytes && Double(two.memory(graph)) < 0.9 * Double(four.memory(graph))
        ? two : four
    }

    /// What a thread with columns of its own may have to compute more than its share, rather than take steps in turns, which moves
    /// all that is held from core to core; and where that would be large, of which turns hold several steps.
    private static let largestShare = 1.05
    private static let largestShareOfLarge = 1.25
    private static let mostBytesOfTurns = 160 << 20

    /// What the rings of one strip may take: narrower strips, which would stay in the caches, lose more at their edges than they
    /// gain.
    private static let stripBytes = 48 << 20
    /// Output columns.
    private static let narrowestStrip = 512
    private static let mostRingBytes = 48 << 20
  }
}
