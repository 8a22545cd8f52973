import CKakudaiKernels

/// Resampling of pictures along their rows, and then along their columns: `(…, H, W)`.
///
/// Bands of output rows are computed one after the other; the rows they need are resampled into memory that stays in the
/// second-level cache.
struct PlaneResampling {
  let vertical: ResamplingWeights
  let horizontal: ResamplingWeights

  /// Output rows of each band: as many as need about 256 KB of resampled rows.
  private var bands: [Range<Int>] {
    let limit = 65_536 / max(1, horizontal.outputLength)
    var bands: [Range<Int>] = []
    var start = 0
    for row in 0..<vertical.outputLength where row > start && vertical.needed(start..<row + 1).count > limit {
      bands.append(start..<row)
      start = row
    }
    return bands + [start..<vertical.outputLength]
  }

  /// From one resampled row to the next: an odd number of cache lines, so that rows do not all fall into the same cache set.
  private var rowStride: Int { ((horizontal.outputLength + 15) / 16 | 1) * 16 }

  func applied(to tensor: Tensor, shape: Shape) -> Tensor {
    let (inputPlane, outputPlane) = (
      vertical.inputLength * horizontal.inputLength, vertical.outputLength * horizontal.outputLength
    )
    guard inputPlane > 0 && outputPlane > 0 else { return .zeros(shape) }
    let kernels = Kernels.current
    let bands = bands
    let mostRows = bands.map { vertical.needed($0).count }.max() ?? 0
    let scratchSize = horizontal.scratchSize(lanes: kernels.lanes)
    let bandSize = max(1, outputPlane / bands.count)
    return Tensor(shape: shape) { output in
      let streams = 4 * output.count > cachedBytesOfCopies
      let input = UnsafePointer(tensor.storage.elements)
      Parallel.forEach(
        output.count / outputPlane * bands.count, minimumPerThread: max(1, elementsPerThread / bandSize)
      ) { tasks in
        let memory = Storage(count: mostRows * rowStride)
        let rows = (0..<max(1, mostRows)).map { Optional(UnsafePointer(memory.elements + $0 * rowStride)) }
        let scratch = Storage(count: scratchSize)
        for task in tasks {
          let (plane, band) = task.quotientAndRemainder(dividingBy: bands.count)
          run(
            bands[band], input: input + plane * inputPlane, output: output.baseAddress! + plane * outputPlane,
            resampled: memory.elements, rows: rows, scratch: scratch.elements, streams: streams, kernels)
        }
        withExtendedLifetime(memory) {}
        kernels.table.pointee.resampling.fence()
      }
      withExtendedLifetime(tensor) {}
    }
  }

  /// - Parameter rows: Where each of the `resampled` rows begins.
  private func run(
    _ band: Range<Int>, input: UnsafePointer<Float>, output: UnsafeMutablePointer<Float>,
    resampled: UnsafeMutablePointer<Float>, rows: [UnsafePointer<Float>?], scratch: UnsafeMutablePointer<Float>,
    streams: Bool, _ kernels: Kernels
  ) {
    let needed = vertical.needed(band)
    horizontal.resampleRows(
      needed.count, columns: 0..<horizontal.outputLength, from: input + needed.lowerBound * horizontal.inputLength,
      inputStride: horizontal.inputLength, to: resampled, outputStride: rowStride, scratch: scratch, kernels)
    vertical.addRows(
      band, from: rows, to: output + band.lowerBound * horizontal.outputLength,
      outputStride: horizontal.outputLength, count: horizontal.outputLength, streams: streams, kernels)
  }
}
