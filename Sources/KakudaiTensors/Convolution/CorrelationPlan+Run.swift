import CKakudaiKernels

extension CorrelationPlan {
  /// What every task of one run shares.
  struct Operands: @unchecked Sendable {
    var input: UnsafePointer<Float>
    var packedWeights: UnsafePointer<Float>
    var packedBiases: UnsafePointer<Float>?
    var output: UnsafeMutablePointer<Float>
    /// Whether the output is too large for the caches.
    var streams: Bool
    var kernels: ck_convolution_kernels
  }

  /// The independent pieces of one run: an image, a group, a band of rows and some of the chunks.
  struct Task {
    var image: Int
    var group: Int
    var positions: Range<Int>
    var chunks: Range<Int>
  }

  /// Memory that one thread needs beside the operands.
  final class Scratch {
    let band: Storage
    let rows: Storage
    let phases: Storage
    /// Where the rows of one call begin.
    let offsets: UnsafeMutableBufferPointer<Int>

    init(_ plan: CorrelationPlan) {
      band = Storage(count: plan.band.size)
      rows = Storage(count: plan.rowScratchSize)
      phases = Storage(count: plan.horizontal.phases.count * Int(CK_SCRATCH_PER_PHASE))
      offsets = .allocate(capacity: plan.mostLines)
    }

    deinit { offsets.deallocate() }
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
  func run(_ task: Task, _ operands: Operands, _ scratch: Scratch) {
    let inputPlane = vertical.inputLength * horizontal.inputLength
    let outputPlane = vertical.outputLength * horizontal.outputLength
    let plane = task.image * extents.groups + task.group
    band.fill(
      scratch.band.elements, from: operands.input + plane * inputChannels * inputPlane, positions: task.positions,
      kernels: operands.kernels)
    let output = operands.output + plane * outputChannels * outputPlane
    tapOffsets.withUnsafeBufferPointer { tapOffsets in
      let kernelPasses = passes.map { pass in
        ck_pass(
          weights: operands.packedWeights + task.group * weightCount + pass.weightStart,
          tapOffsets: tapOffsets.baseAddress.map { $0 + pass.taps.lowerBound }, taps: pass.taps.count,
          phase: pass.horizontalPhase, firstOutput: pass.firstOutput, outputs: pass.lines.count,
          continues: pass.continues ? 1 : 0)
      }
      kernelPasses.withUnsafeBufferPointer { kernelPasses in
        for chunk in task.chunks {
          var position = task.positions.lowerBound
          while position < task.positions.upperBound {
            let rows = min(rowsPerCall, task.positions.upperBound - position)
            let input = scratch.band.elements + (position - task.positions.lowerBound) * band.columns
            for index in chunks[chunk] {
              compute(
                blocks[index], group: task.group, operands, passes: kernelPasses, input: input, position: position,
                rows: rows, output: output, scratch)
            }
            position += rows
          }
        }
      }
    }
  }

  /// One kernel call: `rows` rows of all lines of a block.
  private func compute(
    _ block: Block, group: Int, _ operands: Operands, passes: UnsafeBufferPointer<ck_pass>,
    input: UnsafePointer<Float>, position: Int, rows: Int, output: UnsafeMutablePointer<Float>, _ scratch: Scratch
  ) {
    let offsets = scratch.offsets
    for (index, line) in block.lines.enumerated() {
      offsets[index] = writesInPlace ? outputOffset(line, position: position) : index * rowLength
    }
    let isWhole = rows == 1 && writesInPlace
    var correlation = ck_correlation(
      input: input, channelStride: channelStride, channels: inputChannels,
      passes: passes.baseAddress! + block.passes.lowerBound, passCount: block.passes.count,
      phases: horizontalPhases, outputs: block.lines.count,
      bias: operands.packedBiases.map { $0 + group * lines.count + block.lines.lowerBound },
      output: writesInPlace ? output : scratch.rows.elements,
      outputOffsets: offsets.baseAddress,
      width: isWhole ? outputSize.width : rows * positionsPerRow * horizontalPhases,
      streams: operands.streams && writesInPlace ? 1 : 0, scratch: scratch.phases.elements)
    operands.kernels.correlate(&correlation)
    guard !writesInPlace else { return }
    let length = positionsPerRow * horizontalPhases
    for (index, line) in block.lines.enumerated() {
      for row in 0..<rows {
        let offset = outputOffset(line, position: position + row)
        guard offset != nowhere else { continue }
        (output + offset).update(
          from: scratch.rows.elements + index * rowLength + row * length, count: outputSize.width)
      }
    }
  }

  /// Where the row of a line at a vertical position begins; the last position may have no row in the later phases.
  private func outputOffset(_ line: Int, position: Int) -> Int {
    let line = lines[line]
    let y = position * verticalPhases + line.phase
    guard y < outputSize.height else { return nowhere }
    return (line.channel * outputSize.height + y) * outputSize.width
  }

  /// `CK_NOWHERE`.
  private var nowhere: Int { .min }
}
