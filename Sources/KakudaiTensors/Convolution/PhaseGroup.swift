/// Output phases of one axis that are computed together: what they read is loaded once for all of them.
struct PhaseGroup {
  /// Taps that some neighbouring phases of the group share.
  struct Segment {
    /// Indices into `phases`.
    var members: Range<Int>
    /// What the members read; their kernel indices differ.
    var taps: [AxisPhases.Tap]
  }

  var phases: [Int]
  /// The first covers all members; later ones add to what it began.
  var segments: [Segment]

  /// How the phases of both axes are grouped.
  struct Choice {
    var rows: [PhaseGroup]
    var columns: [PhaseGroup]

    /// Outputs of one kernel call for each channel.
    var outputsPerChannel: Int { (rows.map(\.phases.count).max() ?? 1) * (columns.map(\.phases.count).max() ?? 1) }

    /// Whether sums stay in registers until they are output: one pass makes each, and at most two phases alternate.
    var keepsSums: Bool {
      (rows + columns).allSatisfy { $0.segments.count == 1 } && columns.count <= 2
        && columns.allSatisfy { $0.phases.count == 1 }
    }

    /// Cycles of one vector: a multiplication takes one, a load, which mostly straddles two cache lines, two, and a sum that is
    /// stored and taken up again three. Two phases that alternate share what they load.
    func cost(inputChannels: Int, outputChannels: Int) -> Int {
      let alternate = keepsSums && columns.count == 2
      let storing = keepsSums ? 0 : 3
      var cost = 0
      for row in rows.flatMap(\.segments) {
        let lines = row.members.count * outputChannels
        if alternate {
          let taps = columns.map { $0.segments[0].taps }
          let samples = Set(taps.joined().map(\.sample)).count
          cost += inputChannels * row.taps.count * max(2 * samples, lines * taps.joined().count)
          continue
        }
        for column in columns.flatMap(\.segments) {
          let sums = lines * column.members.count
          cost += inputChannels * row.taps.count * column.taps.count * max(2, sums) + storing * sums
        }
      }
      return cost
    }
  }

  /// The groups that cost least. Rows that read the same are always together, as lines of one block; other phases are where
  /// that saves loads and all of them are outputs of one kernel call.
  static func choice(
    vertical: AxisPhases, horizontal: AxisPhases, inputChannels: Int, outputChannels: Int, limit: Int
  ) -> Choice {
    let apart = Choice(rows: equalPhases(vertical), columns: singlePhases(horizontal))
    let rows = [apart.rows, allPhases(vertical)].compactMap { $0 }
    let columns = [equalPhases(horizontal), allPhases(horizontal)].compactMap { $0 }
    let together =
      rows.flatMap { rows in ([apart.columns] + columns).map { Choice(rows: rows, columns: $0) } }
      .filter { $0.outputsPerChannel * outputChannels <= limit }
    return ([apart] + together).min {
      $0.cost(inputChannels: inputChannels, outputChannels: outputChannels)
        < $1.cost(inputChannels: inputChannels, outputChannels: outputChannels)
    }!
  }

  private static func singlePhases(_ axis: AxisPhases) -> [PhaseGroup] {
    axis.phases.enumerated().map {
      PhaseGroup(phases: [$0.offset], segments: [Segment(members: 0..<1, taps: $0.element)])
    }
  }

  private static func equalPhases(_ axis: AxisPhases) -> [PhaseGroup] {
    var groups: [PhaseGroup] = []
    for (phase, taps) in axis.phases.enumerated() {
      if let known = groups.firstIndex(where: { $0.segments[0].taps.map(\.sample) == taps.map(\.sample) }) {
        groups[known].phases.append(phase)
        groups[known].segments[0].members = 0..<groups[known].phases.count
      } else {
        groups.append(PhaseGroup(phases: [phase], segments: [Segment(members: 0..<1, taps: taps)]))
      }
    }
    return groups
  }

  /// One group of all phases; `nil` where no tap is common to all, or one is shared by phases that are not neighbours.
  private static func allPhases(_ axis: AxisPhases) -> [PhaseGroup]? {
    var shared: [AxisPhases.Tap] = []
    for tap in axis.phases.joined() where !shared.contains(where: { $0.sample == tap.sample }) { shared.append(tap) }
    var segments: [Segment] = []
    for tap in shared {
      let readers = axis.phases.indices.filter { axis.phases[$0].contains { $0.sample == tap.sample } }
      let members = readers.first!..<readers.last! + 1
      guard readers.count == members.count else { return nil }
      if let known = segments.firstIndex(where: { $0.members == members }) {
        segments[known].taps.append(tap)
      } else {
        segments.append(Segment(members: members, taps: [tap]))
      }
    }
    segments.sort { $0.members.count > $1.members.count }
    guard segments.first?.members == axis.phases.indices else { return nil }
    return [PhaseGroup(phases: Array(axis.phases.indices), segments: segments)]
  }
}
