import CKakudaiKernels

extension CorrelationPlan {
  /// What every piece of one run shares.
  struct Operands: @unchecked Sendable {
    var packedWeights: UnsafePointer<Float>
    var packedBiases: UnsafePointer<Float>?
    /// With the slopes of all lines of all groups.
    var epilogue: ck_epilogue?
    /// Whether the output is too large for the caches.
    var streams: Bool
    var kernels: ck_convolution_kernels
  }

  /// What is computed at once: output rows of one group in some of the chunks.
  struct Piece {
    var group: Int
    var rows: Range<Int>
    /// Output columns, beginning with a group of `horizontalPhases`.
    var columns: Range<Int>
    var chunks: Range<Int>
    /// What the epilogue adds, from the first channel of the group on.
    var residual: RowWindow?
  }

  /// Memory that one thread needs beside the operands.
  final class Scratch {
    /// Taken when rows are first copied.
    private(set) lazy var band = Storage(count: bandSize)
    private(set) lazy var rows = Storage(count: rowSize)
    let phases: Storage
    /// Where the rows of one call begin, and those of its residual.
    let offsets: UnsafeMutableBufferPointer<Int>
    let residualOffsets: UnsafeMutableBufferPointer<Int>
    /// That of one call.
    let epilogue = UnsafeMutablePointer<ck_epilogue>.allocate(capacity: 1)
    /// The offset of each tap of the plan.
    let taps: UnsafeMutableBufferPointer<Int>
    private let bandSize: Int
    private let rowSize: Int

    init(_ plan: CorrelationPlan) {
      (bandSize, rowSize) = (plan.band.size, plan.mostLines * plan.rowLength)
      phases = Storage(count: plan.horizontalPhases * Int(CK_SCRATCH_PER_PHASE))
      offsets = .allocate(capacity: plan.mostLines)
      residualOffsets = .allocate(capacity: plan.mostLines)
      taps = .allocate(capacity: plan.taps.count)
    }

    deinit {
      offsets.deallocate()
      residualOffsets.deallocate()
      epilogue.deallocate()
      taps.deallocate()
    }
  }

  /// Zeros before and after each input row with which kernels can read it where it stands; `nil` where it must be copied
  /// into the band, because the reading strides along it or the picture is narrow.
  var margins: (left: Int, right: Int)? {
    guard horizontal.readStride == 1, !band.isCompact else { return nil }
    return (
      max(0, -horizontal.smallestOffset),
      max(0, positionsPerRow + horizontal.smallestOffset + horizontal.reach - horizontal.inputLength)
    )
  }

  /// Computes one piece; the windows begin with the first channel of the group.
  func run(_ piece: Piece, _ operands: Operands, from input: RowWindow, to output: RowWindow, _ scratch: Scratch) {
    let positions = piece.rows.lowerBound / verticalPhases..<(piece.rows.upperBound - 1) / verticalPhases + 1
    if let zeros = input.zeros, let margins, zeros.left >= margins.left, zeros.right >= margins.right {
      run(piece, operands, positions: positions, scratch, channelStride: input.channelStride, rowsPerCall: 1, output) {
        self.setTapOffsets(scratch, at: $0, input, zeros)
        return UnsafePointer(input.base)
      }
      return
    }
    for (index, tap) in taps.enumerated() { scratch.taps[index] = band.tapOffset(tap.row, tap.column) }
    var first = positions.lowerBound
    while first < positions.upperBound {
      let range = first..<min(first + band.positions, positions.upperBound)
      band.fill(scratch.band.elements, from: input, positions: range, kernels: operands.kernels)
      run(
        piece, operands, positions: range, scratch, channelStride: band.channelStride, rowsPerCall: rowsPerCall, output
      ) { UnsafePointer(scratch.band.elements) + ($0 - range.lowerBound) * self.band.columns }
      first = range.upperBound
    }
  }

  /// Points the taps of the position `position` to rows of a window.
  private func setTapOffsets(_ scratch: Scratch, at position: Int, _ input: RowWindow, _ zeros: RowWindow.Zeros) {
    for (index, tap) in taps.enumerated() {
      let y = (position + tap.row.offset) * vertical.readStride + tap.row.inputPhase
      let row = y >= 0 && y < vertical.inputLength ? input.offset(row: y) : zeros.row
      scratch.taps[index] = row + tap.column.offset
    }
  }

  /// - Parameter place: Makes the taps ready for some positions that begin with the given one, and says where they begin.
  private func run(
    _ piece: Piece, _ operands: Operands, positions: Range<Int>, _ scratch: Scratch, channelStride: Int,
    rowsPerCall: Int, _ output: RowWindow, _ place: (Int) -> UnsafePointer<Float>
  ) {
    let kernelPasses = passes.map { pass in
      ck_pass(
        weights: operands.packedWeights + piece.group * weightCount + pass.weightStart,
        tapOffsets: scratch.taps.baseAddress.map { UnsafePointer($0 + pass.taps.lowerBound) }, taps: pass.taps.count,
        phase: pass.horizontalPhase, firstOutput: pass.firstOutput, outputs: pass.lines.count,
        continues: pass.continues ? 1 : 0)
    }
    kernelPasses.withUnsafeBufferPointer { kernelPasses in
      for chunk in piece.chunks {
        var position = positions.lowerBound
        while position < positions.upperBound {
          let rows = min(rowsPerCall, positions.upperBound - position)
          let input = place(position)
          for index in chunks[chunk] {
            compute(
              blocks[index], piece, operands, passes: kernelPasses, input: input, channelStride: channelStride,
              position: position, rows: rows, writesInPlace: rowsPerCall == 1 || outputsJoin && output.isContiguous,
              output, scratch)
          }
          position += rows
        }
      }
    }
  }

  /// One kernel call: `rows` rows of all lines of a block.
  private func compute(
    _ block: Block, _ piece: Piece, _ operands: Operands, passes: UnsafeBufferPointer<ck_pass>,
    input: UnsafePointer<Float>, channelStride: Int, position: Int, rows: Int, writesInPlace: Bool, _ output: RowWindow,
    _ scratch: Scratch
  ) {
    let offsets = scratch.offsets
    for (index, line) in block.lines.enumerated() {
      offsets[index] =
        writesInPlace ? outputOffset(line, position: position, piece, output) : index * rowLength
    }
    let epilogue = epilogue(of: block, piece, operands, position: position, scratch)
    // Joined rows are computed whole.
    let columns = rows == 1 && writesInPlace ? piece.columns : 0..<rows * positionsPerRow * horizontalPhases
    let start = columns.lowerBound
    var correlation = ck_correlation(
      input: input + start / horizontalPhases, channelStride: channelStride, channels: inputChannels,
      passes: passes.baseAddress! + block.passes.lowerBound, passCount: block.passes.count,
      phases: horizontalPhases, outputs: block.lines.count,
      bias: operands.packedBiases.map { $0 + piece.group * lines.count + block.lines.lowerBound },
      output: writesInPlace ? output.base + start : scratch.rows.elements,
      outputOffsets: offsets.baseAddress, width: columns.count,
      epilogue: writesInPlace ? epilogue : nil,
      streams: operands.streams && writesInPlace ? 1 : 0, scratch: scratch.phases.elements)
    operands.kernels.correlate(&correlation)
    guard !writesInPlace else { return }
    let length = positionsPerRow * horizontalPhases
    for (index, line) in block.lines.enumerated() {
      for row in 0..<rows {
        let offset = outputOffset(line, position: position + row, piece, output)
        guard offset != nowhere else { continue }
        let sums = scratch.rows.elements + index * rowLength + row * length + piece.columns.lowerBound
        let target = output.base + offset + piece.columns.lowerBound
        if let epilogue {
          let residual = residualOffset(block.lines.lowerBound + index, position: position + row, piece)
          operands.kernels.finish(
            epilogue, index, sums, epilogue.pointee.residual.map { $0 + residual }, target, piece.columns.count)
        } else {
          target.update(from: sums, count: piece.columns.count)
        }
      }
    }
  }

  /// The epilogue of one kernel call.
  private func epilogue(
    of block: Block, _ piece: Piece, _ operands: Operands, position: Int, _ scratch: Scratch
  ) -> UnsafePointer<ck_epilogue>? {
    guard var epilogue = operands.epilogue else { return nil }
    epilogue.slopes = epilogue.slopes.map { $0 + piece.group * lines.count + block.lines.lowerBound }
    if let residual = piece.residual {
      epilogue.residual = UnsafePointer(residual.base + piece.columns.lowerBound)
      for (index, line) in block.lines.enumerated() {
        scratch.residualOffsets[index] = residualOffset(line, position: position, piece)
      }
      epilogue.residualOffsets = UnsafePointer(scratch.residualOffsets.baseAddress)
    }
    scratch.epilogue.initialize(to: epilogue)
    return UnsafePointer(scratch.epilogue)
  }

  /// Where the row of the residual begins for a line at a vertical position, which may be beyond its end.
  private func residualOffset(_ line: Int, position: Int, _ piece: Piece) -> Int {
    guard let residual = piece.residual else { return 0 }
    let line = lines[line]
    return line.channel * residual.channelStride + residual.offset(row: position * verticalPhases + line.phase)
  }

  /// Where the row of a line at a vertical position begins; a position may have no row in some phases.
  private func outputOffset(_ line: Int, position: Int, _ piece: Piece, _ output: RowWindow) -> Int {
    let line = lines[line]
    let y = position * verticalPhases + line.phase
    guard piece.rows.contains(y) else { return nowhere }
    return line.channel * output.channelStride + output.offset(row: y)
  }

  /// `CK_NOWHERE`.
  private var nowhere: Int { .min }
}
