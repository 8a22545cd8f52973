import KakudaiTensors

extension Plan {
  /// How a run is cut.
  struct Settings {
    var stepRows: Int
    var strips: Int
    private let mostStrips: Int
    var threads: Int

    init(_ graph: RowGraph, threads: Int) {
      let output = graph.output
      stepRows = Self.stepRows(graph)
      let alone = RowSchedule(graph, stepRows: stepRows, strips: 1, threads: 1)
      self.threads = graph.multiplications < 2_000_000 ? 1 : min(threads, alone.steps)
      let wanted = (alone.memory + Self.stripBytes - 1) / Self.stripBytes
      mostStrips = max(1, output.width / Self.narrowestStrip)
      strips = min(wanted, mostStrips)
    }

    /// Few rows where little is computed with each value, so that the rows of one layer are still in the cache when the next one
    /// reads them; more where much is, so that weights are read less often (FSRCNN: 6 input rows, 64 channels: 36). As many
    /// as make no ring larger than memory is cheap, or 4, in which convolutions of very wide pictures are computed.
    private static func stepRows(_ graph: RowGraph) -> Int {
      let values = graph.sizes.dropFirst().reduce(0) { $0 + $1.channels * $1.height * $1.width }
      var inputRows = (max(6, graph.multiplications / max(1, values) / 16) + 3) / 6 * 6
      func outputRows(_ inputRows: Int) -> Int {
        max(1, min(graph.output.height, inputRows * graph.output.height / graph.sizes[0].height))
      }
      while inputRows > 6,
        RowSchedule(graph, stepRows: outputRows(inputRows), strips: 1, threads: 1).memory > mostRingBytes
      {
        inputRows -= 6
      }
      let isLarge =
        inputRows == 6 && RowSchedule(graph, stepRows: outputRows(6), strips: 1, threads: 1).memory > mostRingBytes
      return outputRows(isLarge ? 4 : inputRows)
    }

    func schedule(_ graph: RowGraph) -> RowSchedule {
      let schedule = RowSchedule(graph, stepRows: stepRows, strips: strips, threads: threads)
      guard threads > 1, schedule.memory > Self.mostBytesOfOwnSteps else { return schedule }
      return RowSchedule(
        graph, stepRows: stepRows, strips: min(max(strips, threads + 2), mostStrips), threads: threads,
        sharesSteps: true)
    }

    /// Threads that share a step need fewer rows than those that have their own, but wait more for each other, as little as a
    /// strip being between them.
    private static let mostBytesOfOwnSteps = 160 << 20

    /// What the rings of one strip may take: narrower strips, which would stay in the caches, lose more at their edges than they
    /// gain.
    private static let stripBytes = 48 << 20
    /// Output columns.
    private static let narrowestStrip = 512
    private static let mostRingBytes = 48 << 20
  }
}
