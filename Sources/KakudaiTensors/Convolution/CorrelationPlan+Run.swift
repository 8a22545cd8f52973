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

  /// Memory that one thread needs beside the operands: input rows of one group, 400 KB or else those of four positions
  /// (`band`) or one (`ring`); up to 12 rows of 1024 positions each where narrow rows are joined; 2 KB for each horizontal phase.
  final class Scratch {
    /// Of the band or the ring; taken when rows are first copied.
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
    /// The passes of the plan.
    let passes: UnsafeMutableBufferPointer<ck_pass>
    private let bandSize: Int
    private let rowSize: Int

    init(_ plan: CorrelationPlan) {
      (bandSize, rowSize) = (max(plan.band.size, plan.ring?.size ?? 0), plan.mostLines * plan.rowLength)
      phases = Storage(count: plan.horizontalPhases * Int(CK_SCRATCH_PER_PHASE))
      offsets = .allocate(capacity: plan.mostLines)
      residualOffsets = .allocate(capacity: plan.mostLines)
      taps = .allocate(capacity: plan.taps.count)
      passes = .allocate(capacity: plan.passes.count)
    }

    deinit {
      offsets.deallocate()
      residualOffsets.deallocate()
      epilogue.deallocate()
      taps.deallocate()
      passes.deallocate()
    }
  }

  /// Zeros before and after each input row with which kernels can read it where it stands; `nil` where it must be copied
  /// into the band, because the reading strides along it or the picture is narrow.
  var margins: (left: Int, right: Int)? {
    guard horizontal.readStride == 1, !band.isCompact else { return nil }
    return horizontal.margins
  }

  /// Where the input of some positions stands.
  private struct Place {
    /// What the taps of the first position are relative to.
    var input: UnsafePointer<Float>
    var channelStride: Int
    var rowStride: Int
    /// Rows that one call computes as a single long one; more than one only where rows follow each other without gaps.
    var rowsPerCall: Int
    var wanted: Wanted?
  }

  /// Rows that later positions will read, brought into the caches meanwhile.
  struct Wanted {
    var window: RowWindow
    /// At most those of the input.
    var channels: Int
    var rows: Range<Int>

    func prefix(_ count: Int) -> Wanted { Wanted(window: window, channels: channels, rows: rows.prefix(count)) }
  }

  /// Computes one piece; the windows begin with the first channel of the group.
  ///
  /// - Parameter wanted: What is brought into the caches meanwhile, of rows of a picture as many as the last band computes.
  func run(
    _ piece: Piece, _ operands: Operands, from input: RowWindow, to output: RowWindow, wanted: Wanted? = nil,
    _ scratch: Scratch
  ) {
    let positions = piece.rows.lowerBound / verticalPhases..<(piece.rows.upperBound - 1) / verticalPhases + 1
    preparePasses(piece, operands, scratch)
    if readsInPlace, input.slots >= input.height {
      scratch.taps.update(repeating: 0)
      let next = positions.upperBound..<min(positions.upperBound + positions.count, input.height)
      let place = Place(
        input: UnsafePointer(input.base) + input.offset(row: positions.lowerBound), channelStride: input.channelStride,
        rowStride: input.rowStride,
        rowsPerCall: !input.isContiguous ? 1 : writesApart(piece, to: output) ? joinableRows : rowsPerCall,
        wanted: Wanted(window: input, channels: inputChannels, rows: next))
      run(piece, operands, positions: positions, scratch, place, output)
    } else if let zeros = input.zeros(for: margins) {
      for position in positions {
        run(piece, operands, position: position, in: input, zeros, wanted: wanted, output, scratch)
      }
    } else if let ring, input.slots >= input.height {
      let window = ring.window(scratch.band.elements, height: input.height)
      var held = max(0, positions.lowerBound + vertical.smallestOffset)
      for position in positions {
        let end = min(max(position + vertical.smallestOffset + vertical.reach + 1, held), input.height)
        ring.copy(held..<end, from: input, to: window, kernels: operands.kernels)
        held = end
        let next = end..<min(end + 1, input.height)
        run(
          piece, operands, position: position, in: window, window.zeros!,
          wanted: Wanted(window: input, channels: inputChannels, rows: next), output, scratch)
      }
    } else {
      _ = scratch.taps.update(fromContentsOf: bandOffsets)
      let columns =
        piece.columns.lowerBound / horizontalPhases..<(piece.columns.upperBound - 1) / horizontalPhases + 1
      var first = positions.lowerBound
      while first < positions.upperBound {
        let range = first..<min(first + band.positions, positions.upperBound)
        band.fill(
          scratch.band.elements, from: input, positions: range, columns: band.isCompact ? nil : columns,
          kernels: operands.kernels)
        var place = Place(
          input: UnsafePointer(scratch.band.elements), channelStride: band.channelStride, rowStride: band.columns,
          rowsPerCall: rowsPerCall)
        if vertical.readStride == 1 && horizontal.readStride == 1 && input.slots >= input.height {
          let next = range.upperBound + vertical.smallestOffset + vertical.reach
          let later = (next..<next + range.count).clamped(to: 0..<vertical.inputLength)
          place.wanted =
            later.isEmpty
            ? wanted?.prefix(range.count) : Wanted(window: input, channels: inputChannels, rows: later)
        }
        run(piece, operands, positions: range, scratch, place, output)
        first = range.upperBound
      }
    }
  }

  /// Computes one position from rows in a ring.
  private func run(
    _ piece: Piece, _ operands: Operands, position: Int, in ring: RowWindow, _ zeros: RowWindow.Zeros,
    wanted: Wanted?, _ output: RowWindow, _ scratch: Scratch
  ) {
    for (index, tap) in taps.enumerated() {
      let y = (position + tap.row.offset) * vertical.readStride + tap.row.inputPhase
      let row = y >= 0 && y < vertical.inputLength ? ring.offset(row: y) : zeros.row
      scratch.taps[index] = row + tap.column.offset
    }
    let place = Place(
      input: UnsafePointer(ring.base), channelStride: ring.channelStride, rowStride: 0, rowsPerCall: 1, wanted: wanted)
    run(piece, operands, positions: position..<position + 1, scratch, place, output)
  }

  private func preparePasses(_ piece: Piece, _ operands: Operands, _ scratch: Scratch) {
    sums.withUnsafeBufferPointer { sums in
      for (index, pass) in passes.enumerated() {
        scratch.passes[index] = ck_pass(
          weights: operands.packedWeights + piece.group * weightCount + pass.weightStart,
          tapOffsets: scratch.taps.baseAddress.map { UnsafePointer($0 + pass.taps.lowerBound) }, taps: pass.taps.count,
          sums: sums.baseAddress! + pass.sums.lowerBound, sumCount: pass.sums.count, continues: pass.continues ? 1 : 0)
      }
    }
  }

  private func run(
    _ piece: Piece, _ operands: Operands, positions: Range<Int>, _ scratch: Scratch, _ place: Place, _ output: RowWindow
  ) {
    // Positions all of whose rows the piece wants follow each other at equal distances, except in rings.
    let wholeEnd = piece.rows.upperBound / verticalPhases
    let whole = min((piece.rows.lowerBound + verticalPhases - 1) / verticalPhases, wholeEnd)..<wholeEnd
    let isRegular =
      output.slots >= output.height && piece.residual.map { $0.slots >= $0.height } ?? true && place.rowsPerCall == 1
    for chunk in piece.chunks {
      var position = positions.lowerBound
      while position < positions.upperBound {
        var rows = min(place.rowsPerCall, positions.upperBound - position)
        if isRegular, whole.contains(position) { rows = min(whole.upperBound, positions.upperBound) - position }
        var here = place
        here.input += (position - positions.lowerBound) * place.rowStride
        if chunk > piece.chunks.lowerBound || position > positions.lowerBound { here.wanted = nil }
        for index in chunks[chunk] {
          compute(blocks[index], piece, operands, here, position: position, rows: rows, output, scratch)
          here.wanted = nil
        }
        position += rows
      }
    }
  }

  /// One kernel call: `rows` rows of all lines of a block.
  private func compute(
    _ block: Block, _ piece: Piece, _ operands: Operands, _ place: Place, position: Int, rows: Int,
    _ output: RowWindow, _ scratch: Scratch
  ) {
    let isJoined = place.rowsPerCall > 1
    let isOneRow = outputsJoin && output.isContiguous && piece.residual?.isContiguous ?? true
    let writesInPlace =
      !isJoined || isOneRow && piece.columns.count == outputSize.width || writesApart(piece, to: output)
    let offsets = scratch.offsets
    for (index, line) in block.lines.enumerated() {
      offsets[index] =
        writesInPlace ? outputOffset(line, position: position, piece, output) : index * rowLength
    }
    let epilogue = epilogue(of: block, piece, operands, position: position, scratch)
    // Joined rows are computed whole.
    let columns = isJoined ? 0..<rows * positionsPerRow * horizontalPhases : piece.columns
    let start = columns.lowerBound
    let wanted = place.wanted.flatMap { $0.rows.isEmpty ? nil : $0 }
    var correlation = ck_correlation(
      input: place.input + start / horizontalPhases, channelStride: place.channelStride,
      inputRowStride: place.rowStride,
      channels: inputChannels, passes: scratch.passes.baseAddress! + block.passes.lowerBound,
      passCount: block.passes.count, phases: horizontalPhases, outputs: block.lines.count,
      bias: operands.packedBiases.map { $0 + piece.group * lines.count + block.lines.lowerBound },
      output: writesInPlace ? output.base + start : scratch.rows.elements, outputOffsets: offsets.baseAddress,
      outputRowStride: verticalPhases * output.rowStride,
      residualRowStride: verticalPhases * (piece.residual?.rowStride ?? 0), width: columns.count,
      rows: isJoined ? 1 : rows,
      joinedLength: isJoined && writesInPlace && !isOneRow ? outputSize.width : 0,
      epilogue: writesInPlace ? epilogue : nil,
      wanted: wanted.map { UnsafePointer($0.window.base) + $0.window.offset(row: $0.rows.lowerBound) },
      wantedChannels: wanted?.channels ?? 0, wantedChannelStride: wanted?.window.channelStride ?? 0,
      wantedRowStride: wanted?.window.rowStride ?? 0, wantedRows: wanted?.rows.count ?? 0, weightsAhead: weightsAhead,
      streams: operands.streams && writesInPlace ? 1 : 0,
      scratch: scratch.phases.elements)
    operands.kernels.correlate(&correlation)
    if !writesInPlace { separate(block, piece, operands, position: position, rows: rows, epilogue, output, scratch) }
  }

  /// Whether the kernel can write each of the rows that are computed as one where it belongs: rows of whole cache lines, so that no
  /// vector belongs to two, all of them wanted.
  private func writesApart(_ piece: Piece, to output: RowWindow) -> Bool {
    outputSize.width % 16 == 0 && positionsPerRow * horizontalPhases == outputSize.width
      && piece.columns.count == outputSize.width && piece.rows.lowerBound % verticalPhases == 0
      && piece.rows.upperBound % verticalPhases == 0 && output.slots >= output.height && piece.residual == nil
  }

  /// Takes apart rows that were computed as one, and finishes them.
  private func separate(
    _ block: Block, _ piece: Piece, _ operands: Operands, position: Int, rows: Int,
    _ epilogue: UnsafePointer<ck_epilogue>?, _ output: RowWindow, _ scratch: Scratch
  ) {
    let length = positionsPerRow * horizontalPhases
    // To take it out of the scratch for each row would count references, which waits until the row before is stored.
    let joined = scratch.rows.elements + piece.columns.lowerBound
    for (index, line) in block.lines.enumerated() {
      let present = presentRows(line, position: position, rows: rows, piece)
      if operands.streams, epilogue == nil, output.slots >= output.height, !present.isEmpty {
        let target = output.base + outputOffset(line, position: position + present.lowerBound, piece, output)
        var copy = ck_rows(
          source: joined + index * rowLength + present.lowerBound * length, sourceChannelStride: 0,
          sourceRowStride: length, stride: 1, target: target + piece.columns.lowerBound, targetChannelStride: 0,
          targetRowStride: verticalPhases * output.rowStride, channels: 1, rows: present.count, before: 0,
          count: piece.columns.count, after: 0, streams: 1)
        operands.kernels.copyRows(&copy)
        continue
      }
      for row in present {
        let sums = joined + index * rowLength + row * length
        let target =
          output.base + outputOffset(line, position: position + row, piece, output) + piece.columns.lowerBound
        if let epilogue {
          let residual = residualOffset(line, position: position + row, piece)
          operands.kernels.finish(
            epilogue, index, sums, epilogue.pointee.residual.map { $0 + residual }, target, piece.columns.count)
        } else {
          target.update(from: sums, count: piece.columns.count)
        }
      }
    }
  }

  /// Of `rows` positions those at which the piece wants a row of a line.
  private func presentRows(_ line: Int, position: Int, rows: Int, _ piece: Piece) -> Range<Int> {
    let y = position * verticalPhases + lines[line].phase
    func positions(to row: Int) -> Int { min(max(0, (row - y + verticalPhases - 1) / verticalPhases), rows) }
    return positions(to: piece.rows.lowerBound)..<positions(to: piece.rows.upperBound)
  }

  /// The epilogue of one kernel call.
  private func epilogue(
    of block: Block, _ piece: Piece, _ operands: Operands, position: Int, _ scratch: Scratch
  ) -> UnsafePointer<ck_epilogue>? {
    guard var epilogue = operands.epilogue?.fromOutput(piece.group * lines.count + block.lines.lowerBound) else {
      return nil
    }
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
}
