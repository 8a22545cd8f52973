/// Vertical output phases that are computed together: rows of one phase after the other become outputs of the same kernel call.
struct RowGroup {
  /// Taps that some neighbouring phases of the group share.
  struct Segment {
    /// Indices into `phases`.
    var members: Range<Int>
    /// What the members read; their kernel indices differ.
    var taps: [AxisPhases.Tap]
    /// For each member, the kernel index of each tap.
    var kernelIndices: [[Int]]
  }

  var phases: [Int]
  /// The first covers all members; later ones add to what it began.
  var segments: [Segment]

  /// The groups that cost least: phases that read the same rows are always together; those that share only some of their
  /// rows are where that saves loads.
  ///
  /// - Parameters:
  ///   - channels: Output channels.
  ///   - limit: Outputs of one kernel call.
  static func groups(of axis: AxisPhases, channels: Int, limit: Int) -> [RowGroup] {
    let apart = equalPhases(axis)
    guard apart.count > 1, channels * axis.phases.count <= limit, let together = allPhases(axis) else { return apart }
    let cost = apart.reduce(0) { $0 + $1.cost(channels: channels) }
    return together.cost(channels: channels) < cost ? [together] : apart
  }

  /// Cycles of one vector: a multiplication takes one, and a load, which mostly straddles two cache lines, two.
  private func cost(channels: Int) -> Int {
    segments.reduce(0) { $0 + $1.taps.count * max(2, $1.members.count * channels) }
  }

  private static func equalPhases(_ axis: AxisPhases) -> [RowGroup] {
    var groups: [RowGroup] = []
    for (phase, taps) in axis.phases.enumerated() {
      let reads = taps.map { [$0.inputPhase, $0.offset] }
      if let known = groups.firstIndex(where: { $0.segments[0].taps.map { [$0.inputPhase, $0.offset] } == reads }) {
        groups[known].phases.append(phase)
        groups[known].segments[0].members = 0..<groups[known].phases.count
        groups[known].segments[0].kernelIndices.append(taps.map(\.kernelIndex))
      } else {
        let segment = Segment(members: 0..<1, taps: taps, kernelIndices: [taps.map(\.kernelIndex)])
        groups.append(RowGroup(phases: [phase], segments: [segment]))
      }
    }
    return groups
  }

  /// One group of all phases; `nil` where no tap is common to all, or one is shared by phases that are not neighbours.
  private static func allPhases(_ axis: AxisPhases) -> RowGroup? {
    struct Row: Hashable {
      var inputPhase: Int
      var offset: Int
    }
    var rows: [Row] = []
    for tap in axis.phases.joined() {
      let row = Row(inputPhase: tap.inputPhase, offset: tap.offset)
      if !rows.contains(row) { rows.append(row) }
    }
    var segments: [Segment] = []
    for row in rows {
      let taps = axis.phases.map { $0.first { $0.inputPhase == row.inputPhase && $0.offset == row.offset } }
      guard let first = taps.firstIndex(where: { $0 != nil }), let last = taps.lastIndex(where: { $0 != nil }) else {
        return nil
      }
      let members = first..<last + 1
      let indices = members.compactMap { taps[$0]?.kernelIndex }
      guard indices.count == members.count else { return nil }
      if let known = segments.firstIndex(where: { $0.members == members }) {
        segments[known].taps.append(taps[first]!)
        for member in indices.indices { segments[known].kernelIndices[member].append(indices[member]) }
      } else {
        segments.append(Segment(members: members, taps: [taps[first]!], kernelIndices: indices.map { [$0] }))
      }
    }
    segments.sort { $0.members.count > $1.members.count }
    guard segments.first?.members == axis.phases.indices else { return nil }
    return RowGroup(phases: Array(axis.phases.indices), segments: segments)
  }
}
