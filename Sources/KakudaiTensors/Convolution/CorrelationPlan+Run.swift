import CKakudaiKernels

extension CorrelationPlan {
  /// What every task of one run shares.
  struct Operands: @unchecked Sendable {
    var input: UnsafePointer<Float>
    var packedWeights: UnsafePointer<Float>
    var packedBiases: UnsafePointer<Float>?
    var output: UnsafeMutablePointer<Float>
    var kernels: ck_convolution_kernels
  }

  /// The independent pieces of one run: an image, a group, a band of rows and some of the chunks.
  struct Task {
    var image: Int
    var group: Int
    var positions: Range<Int>
    var chunks: Range<Int>
  }

  /// How many parts the chunks are dealt into when there are not enough bands for all threads.
  func chunkParts(threads: Int) -> Int {
    let bands = max(1, extents.batch * extents.groups * bandCount)
    return min(chunks.count, (threads + bands - 1) / bands)
  }

  func task(_ index: Int, chunkParts: Int) -> Task {
    let (rest, part) = index.quotientAndRemainder(dividingBy: chunkParts)
    let (plane, band) = rest.quotientAndRemainder(dividingBy: bandCount)
    let (image, group) = plane.quotientAndRemainder(dividingBy: extents.groups)
    let first = vertical.positions * band / bandCount
    let end = vertical.positions * (band + 1) / bandCount
    return Task(
      image: image, group: group, positions: first..<end,
      chunks: chunks.count * part / chunkParts..<chunks.count * (part + 1) / chunkParts)
  }

  /// Computes one task.
  ///
  /// - Parameters:
  ///   - bandMemory: `band.size` floats.
  ///   - rows: `rowScratchSize` floats.
  func run(
    _ task: Task, _ operands: Operands, bandMemory: UnsafeMutablePointer<Float>, rows: UnsafeMutablePointer<Float>
  ) {
    let inputPlane = vertical.inputLength * horizontal.inputLength
    let outputPlane = vertical.outputLength * horizontal.outputLength
    let plane = task.image * extents.groups + task.group
    band.fill(
      bandMemory, from: operands.input + plane * inputChannels * inputPlane, positions: task.positions,
      kernels: operands.kernels)
    let output = operands.output + plane * outputChannels * outputPlane
    for index in task.chunks {
      let chunk = chunks[index]
      let tapOffsets = horizontal.groups.map { columns in
        vertical.groups[chunk.rowGroup].taps.flatMap { row in columns.taps.map { band.tapOffset(row, $0) } }
      }
      var position = task.positions.lowerBound
      while position < task.positions.upperBound {
        let count = min(rowsPerCall, task.positions.upperBound - position)
        let input = bandMemory + (position - task.positions.lowerBound) * band.columns
        let target =
          writesInPlace
          ? output + chunk.lines.lowerBound * outputPlane + position * horizontal.outputLength : rows
        correlate(
          chunk, group: task.group, operands, input: input, tapOffsets: tapOffsets, rows: count, output: target,
          outputStride: writesInPlace ? outputPlane : rowLength)
        if !writesInPlace {
          interleave(chunk, position: position, rows: count, from: rows, to: output, kernels: operands.kernels)
        }
        position += count
      }
    }
  }

  /// All lines of a chunk: one kernel call for each group of horizontal phases, whose rows follow each other in `output`.
  private func correlate(
    _ chunk: Chunk, group: Int, _ operands: Operands, input: UnsafePointer<Float>, tapOffsets: [[Int]], rows: Int,
    output: UnsafeMutablePointer<Float>, outputStride: Int
  ) {
    var output = output
    for (columnGroup, columns) in horizontal.groups.enumerated() {
      let outputs = chunk.lines.count * columns.outputPhases.count
      tapOffsets[columnGroup].withUnsafeBufferPointer { taps in
        var correlation = ck_correlation(
          input: input, channelStride: band.channelStride, tapOffsets: taps.baseAddress,
          weights: operands.packedWeights + group * weightCount + chunk.weights[columnGroup],
          bias: operands.packedBiases.map { $0 + group * biasCount + chunk.biases[columnGroup] },
          output: output, outputStride: outputStride, channels: inputChannels, taps: taps.count, outputs: outputs,
          width: (rows - 1) * band.columns + horizontal.positions)
        operands.kernels.correlate(&correlation)
      }
      output += outputs * outputStride
    }
  }

  /// Puts the horizontal phases of every line together into rows of the output.
  private func interleave(
    _ chunk: Chunk, position: Int, rows: Int, from source: UnsafePointer<Float>, to output: UnsafeMutablePointer<Float>,
    kernels: ck_convolution_kernels
  ) {
    let phases = vertical.groups[chunk.rowGroup].outputPhases
    withUnsafeTemporaryAllocation(of: Int.self, capacity: horizontal.writeStride) { rowOffsets in
      for (index, line) in chunk.lines.enumerated() {
        let (channel, phase) = line.quotientAndRemainder(dividingBy: phases.count)
        var stacked = 0
        for columns in horizontal.groups {
          for (member, outputPhase) in columns.outputPhases.enumerated() {
            let row = stacked + index * columns.outputPhases.count + member
            rowOffsets[outputPhase] = row * rowLength
          }
          stacked += chunk.lines.count * columns.outputPhases.count
        }
        for row in 0..<rows {
          let y = (position + row) * vertical.writeStride + phases[phase] - vertical.cropped
          guard y >= 0 && y < vertical.outputLength else { continue }
          kernels.interleave(
            source + row * band.columns, rowOffsets.baseAddress, horizontal.writeStride, horizontal.cropped,
            output + (channel * vertical.outputLength + y) * horizontal.outputLength, horizontal.outputLength)
        }
      }
    }
  }
}
