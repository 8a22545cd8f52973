import CKakudaiKernels

/// Kernel calls that correlate single rows with kernels of one row, made ready once for memory that stays where it is; they lack
/// the width.
final class RowCorrelations {
  /// All blocks of one correlation.
  struct Row {
    var plan: CorrelationPlan
    var weights: UnsafePointer<Float>
    /// What the first position reads first.
    var input: UnsafePointer<Float>
    /// Where the first output channel begins.
    var output: UnsafeMutablePointer<Float>
  }

  let calls: UnsafeMutableBufferPointer<ck_correlation>
  private let tables: [Tables]
  private let phases: Storage

  /// - Parameters:
  ///   - inputStride: From a channel of the input to the next.
  ///   - outputStride: Likewise.
  init(_ rows: [Row], inputStride: Int, outputStride: Int) {
    let phases = Storage(count: (rows.map(\.plan.horizontalPhases).max() ?? 1) * Int(CK_SCRATCH_PER_PHASE))
    let tables = rows.map { Tables($0, outputStride: outputStride) }
    let calls = zip(rows, tables).flatMap { row, tables in
      row.plan.blocks.map { block in
        var call = ck_correlation()
        call.input = row.input
        call.channelStride = inputStride
        call.channels = row.plan.inputChannels
        call.passes = tables.passes.baseAddress.map { UnsafePointer($0 + block.passes.lowerBound) }
        call.passCount = block.passes.count
        call.phases = row.plan.horizontalPhases
        call.outputs = block.lines.count
        call.output = row.output
        call.outputOffsets = tables.offsets.baseAddress.map { UnsafePointer($0 + block.lines.lowerBound) }
        call.rows = 1
        call.weightsAhead = row.plan.weightsAhead
        call.scratch = phases.elements
        return call
      }
    }
    (self.calls, self.tables, self.phases) = (.copying(calls), tables, phases)
  }

  deinit { calls.deallocate() }

  /// What the calls of one row point to.
  private final class Tables {
    let taps: UnsafeMutableBufferPointer<Int>
    let sums: UnsafeMutableBufferPointer<ck_phase_output>
    let passes: UnsafeMutableBufferPointer<ck_pass>
    let offsets: UnsafeMutableBufferPointer<Int>

    init(_ row: Row, outputStride: Int) {
      let plan = row.plan
      taps = .copying(plan.taps.map { $0.column.offset - plan.horizontal.smallestOffset })
      sums = .copying(plan.sums)
      offsets = .copying(plan.lines.map { $0.channel * outputStride })
      let (firstTap, firstSum) = (taps.baseAddress!, sums.baseAddress!)
      passes = .copying(
        plan.passes.map {
          ck_pass(
            weights: row.weights + $0.weightStart, tapOffsets: firstTap + $0.taps.lowerBound, taps: $0.taps.count,
            sums: firstSum + $0.sums.lowerBound, sumCount: $0.sums.count, continues: $0.continues ? 1 : 0)
        })
    }

    deinit {
      taps.deallocate()
      sums.deallocate()
      passes.deallocate()
      offsets.deallocate()
    }
  }
}

extension UnsafeMutableBufferPointer {
  /// Memory that holds a copy of `elements`, to be deallocated.
  static func copying(_ elements: [Element]) -> UnsafeMutableBufferPointer {
    let copy = allocate(capacity: elements.count)
    _ = copy.initialize(fromContentsOf: elements)
    return copy
  }
}
