import CKakudaiKernels

extension ResamplingWeights {
  /// The transposed matrix, whose application is the gradient of this one's: each sample collects from the outputs that use it.
  ///
  /// These are neighbours, as runs begin and end in the order of their outputs.
  var transposed: ResamplingWeights {
    let ends = (0..<outputLength).map { starts[$0] + offsets[$0 + 1] - offsets[$0] }
    var (first, end) = (0, 0)
    var transposed = ResamplingWeights(inputLength: outputLength, outputLength: inputLength)
    for sample in 0..<inputLength {
      while first < outputLength && ends[first] <= sample { first += 1 }
      while end < outputLength && starts[end] <= sample { end += 1 }
      transposed.append(at: first, (first..<max(first, end)).map { weights[offsets[$0] + sample - starts[$0]] })
    }
    transposed.findRepetition()
    return transposed
  }

  /// The input samples that some output samples depend on.
  func needed(_ range: Range<Int>) -> Range<Int> {
    guard let last = range.last else { return 0..<0 }
    return starts[
      range.lowerBound]..<max(
        starts[range.lowerBound], starts[last] + offsets[last + 1] - offsets[last])
  }

  /// Resamples the axis of extent `inputLength` of `(outer, inputLength, inner)`, the elements of `tensor`.
  func applied(to tensor: Tensor, inner: Int, shape: Shape) -> Tensor {
    let kernels = Kernels.current
    let outer = inner == 0 || inputLength == 0 ? 0 : tensor.shape.elementCount / (inputLength * inner)
    return Tensor(shape: shape) { output in
      Parallel.forEach(outer * outputLength, minimumPerThread: max(1, elementsPerThread / max(1, inner))) { rows in
        for row in rows {
          let (block, index) = row.quotientAndRemainder(dividingBy: outputLength)
          let input = tensor.storage.elements + block * inputLength * inner
          addRows(index, to: output.baseAddress! + row * inner, count: inner, kernels) {
            UnsafePointer(input + $0 * inner)
          }
        }
      }
      withExtendedLifetime(tensor) {}
    }
  }

  /// Computes output sample `index` of `count` columns, `row` saying where the input samples of these stand.
  func addRows(
    _ index: Int, to output: UnsafeMutablePointer<Float>, count: Int, _ kernels: Kernels,
    row: (Int) -> UnsafePointer<Float>
  ) {
    let taps = offsets[index + 1] - offsets[index]
    withUnsafeTemporaryAllocation(of: UnsafePointer<Float>?.self, capacity: max(1, taps)) { rows in
      for tap in 0..<taps { rows[tap] = row(starts[index] + tap) }
      addRows(
        index..<index + 1, from: UnsafePointer(rows.baseAddress!), to: output, outputStride: 0, count: count,
        streams: false, kernels)
    }
  }

  /// Computes the output samples `range` of `count` columns, in rows `outputStride` floats apart; `rows` says where the
  /// samples `needed(range)` stand.
  func addRows(
    _ range: Range<Int>, from rows: UnsafePointer<UnsafePointer<Float>?>, to output: UnsafeMutablePointer<Float>,
    outputStride: Int, count: Int, streams: Bool, _ kernels: Kernels
  ) {
    withKernelResampling(range) {
      kernels.table.pointee.resampling.addRows(
        $0, rows - starts[range.lowerBound], output, outputStride, count, streams ? 1 : 0)
    }
  }

  /// Resamples the outputs `columns` of rows that begin `inputStride` floats apart; `scratch` holds `scratchSize` floats.
  func resampleRows(
    _ rows: Int, columns: Range<Int>, from input: UnsafePointer<Float>, inputStride: Int,
    to output: UnsafeMutablePointer<Float>, outputStride: Int, scratch: UnsafeMutablePointer<Float>, _ kernels: Kernels
  ) {
    withKernelResampling(columns) { resampling in
      for first in stride(from: 0, to: rows, by: kernels.lanes) {
        kernels.table.pointee.resampling.resampleRows(
          resampling, input + first * inputStride, inputStride, output + first * outputStride + columns.lowerBound,
          outputStride, min(kernels.lanes, rows - first), scratch)
      }
    }
  }

  /// Some outputs as the kernels read them.
  private func withKernelResampling(_ range: Range<Int>, _ body: (UnsafePointer<ck_resampling>) -> Void) {
    let repeated = repetition?.outputs(in: range) ?? 0..<0
    starts.withUnsafeBufferPointer { starts in
      offsets.withUnsafeBufferPointer { offsets in
        weights.withUnsafeBufferPointer { weights in
          var resampling = ck_resampling(
            starts: starts.baseAddress! + range.lowerBound, offsets: offsets.baseAddress! + range.lowerBound,
            weights: weights.baseAddress, outputs: range.count, repeatFirst: repeated.lowerBound,
            repeatEnd: repeated.upperBound, phases: repetition?.phases ?? 0, taps: repetition?.taps ?? 0,
            step: repetition?.step ?? 0)
          body(&resampling)
        }
      }
    }
  }

  /// Floats that `resampleRows` needs beside its operands, for any columns.
  func scratchSize(lanes: Int) -> Int {
    let samples = (0..<outputLength).map {
      needed($0..<min($0 + Int(CK_RESAMPLED_TOGETHER), outputLength)).count
    }
    return lanes * ((samples.max() ?? 0) + 2 * lanes)
  }
}
