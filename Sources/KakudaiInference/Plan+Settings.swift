import KakudaiTensors

extension Plan {
  /// How a run is cut.
  struct Settings {
    let stepRows: Int
    let strips: Int
    let threads: Int
    /// Whether threads have columns of their own, where that is not to be chosen.
    let sideBySide: Bool?

    /// - Parameter given: Rows of a step, where they are not to be chosen.
    init(_ graph: RowGraph, threads: Int, stepRows given: Int? = nil, sideBySide: Bool? = nil) {
      let output = graph.output
      let stepRows = Self.stepRows(graph)
      (self.stepRows, self.sideBySide) = (given ?? stepRows, sideBySide)
      let alone = RowSchedule(graph, stepRows: stepRows, strips: 1, threads: 1)
      self.threads = graph.multiplications < 2_000_000 ? 1 : min(threads, alone.steps)
      let wanted = (alone.memory(graph) + Self.stripBytes - 1) / Self.stripBytes
      let mostStrips = max(1, output.width / Self.narrowestStrip)
      strips = min(wanted, mostStrips)
    }

    /// Few rows where little is computed with each value, so that the rows of one layer are still in the cache when the next one
    /// reads them; more where much is, so that weights are read less often (FSRCNN: 6 input rows, 64 channels: 36). As many
    /// as make no ring larger than memory is cheap; of very wide pictures 4, the tiles of convolutions, or 2 where these are direct.
    private static func stepRows(_ graph: RowGraph) -> Int {
      let values = graph.sizes.dropFirst().reduce(0) { $0 + $1.channels * $1.height * $1.width }
      var inputRows = (max(6, graph.multiplications / max(1, values) / 16) + 3) / 6 * 6
      func outputRows(_ inputRows: Int) -> Int {
        max(1, min(graph.output.height, inputRows * graph.output.height / graph.sizes[0].height))
      }
      func memory(_ inputRows: Int) -> Int {
        RowSchedule(graph, stepRows: outputRows(inputRows), strips: 1, threads: 1).memory(graph)
      }
      while inputRows > 6, memory(inputRows) > mostRingBytes { inputRows -= 6 }
      guard inputRows == 6, memory(6) > mostRingBytes else { return outputRows(inputRows) }
      return outputRows(memory(4) > mostRingBytes && Double(memory(2)) < 0.9 * Double(memory(4)) ? 2 : 4)
    }

    func schedule(_ graph: RowGraph) -> RowSchedule {
      let inTurns = RowSchedule(graph, stepRows: stepRows, strips: strips, threads: threads)
      guard threads > 1, sideBySide ?? (graph.output.width >= threads * Self.narrowestStrip) else { return inTurns }
      let apart = RowSchedule(
        graph, stepRows: stepRows, strips: (strips + threads - 1) / threads, threads: threads, sideBySide: true)
      let isLarge = inTurns.memory(graph) > Self.mostBytesOfTurns
      let most = isLarge ? Self.largestShareOfLarge : Self.largestShare
      return sideBySide != nil || apart.largestShare(graph) <= most ? apart : inTurns
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
