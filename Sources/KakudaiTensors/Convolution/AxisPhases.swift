/// One axis of a correlation or of its transpose, taken apart into correlations of stride 1.
///
/// The input of length `inputLength` is read as `readStride` phases, phase `m` holding the samples `m, m + readStride, …`; the
/// output is written as `phases.count` phases likewise. Position `t` of an output phase then sums, over its taps, the sample
/// `t + tap.offset` of input phase `tap.inputPhase`: neighbouring outputs read neighbouring samples, which is what the
/// vector kernels need, and no sum ever meets a zero that a stride has put between two samples.
struct AxisPhases {
  struct Tap: Hashable {
    /// What a tap reads for position 0.
    struct Sample: Hashable {
      var inputPhase: Int
      var offset: Int
    }

    var inputPhase: Int
    var offset: Int
    var kernelIndex: Int
    var sample: Sample { Sample(inputPhase: inputPhase, offset: offset) }
  }

  let inputLength: Int
  let outputLength: Int
  let readStride: Int
  /// The taps of each output phase in ascending order of the kernel index; none where stride and dilation leave gaps.
  let phases: [[Tap]]
  /// The input phases that taps read, ascending.
  let inputPhases: [Int]
  let smallestOffset: Int
  /// Largest offset less the smallest: what a range of positions needs beyond its own number of samples.
  let reach: Int

  /// Positions of the longest phase.
  var positions: Int { (outputLength + phases.count - 1) / phases.count }

  /// Zeros before and after the samples of an axis that is read with stride 1.
  var margins: (left: Int, right: Int) {
    (max(0, -smallestOffset), max(0, positions + smallestOffset + reach - inputLength))
  }

  /// The kernel index with which output phase `phase` reads `sample`.
  func kernelIndex(_ sample: Tap.Sample, phase: Int) -> Int {
    phases[phase].first { $0.sample == sample }!.kernelIndex
  }

  /// The input samples that the positions of some outputs depend on; those outside the input are left out.
  ///
  /// Neither end ever moves back while the outputs move on.
  func needed(_ outputs: Range<Int>) -> Range<Int> {
    guard !outputs.isEmpty, let firstPhase = inputPhases.first, let lastPhase = inputPhases.last else { return 0..<0 }
    let first = (outputs.lowerBound / phases.count + smallestOffset) * readStride + firstPhase
    let last = ((outputs.upperBound - 1) / phases.count + smallestOffset + reach) * readStride + lastPhase
    let end = min(max(last + 1, 0), inputLength)
    return min(max(first, 0), end)..<end
  }

  /// `output[t] = Σ_k input[t·stride + k·dilation − padding]`
  static func correlation(_ axis: ConvolutionExtents.Axis) -> AxisPhases {
    let taps = (0..<axis.kernel).map { kernelIndex in
      let start = kernelIndex * axis.dilation - axis.padding
      let offset = floorDivide(start, axis.stride)
      return Tap(inputPhase: start - offset * axis.stride, offset: offset, kernelIndex: kernelIndex)
    }
    return AxisPhases(
      inputLength: axis.fineLength, outputLength: axis.coarseLength, readStride: axis.stride, phases: [taps])
  }

  /// `output[u] = Σ_k input[(u + padding − k·dilation) / stride]`, over the `k` for which the division leaves no rest
  static func transpose(_ axis: ConvolutionExtents.Axis) -> AxisPhases {
    let phases = (0..<axis.stride).map { phase in
      (0..<axis.kernel).compactMap { kernelIndex -> Tap? in
        let distance = phase + axis.padding - kernelIndex * axis.dilation
        guard distance % axis.stride == 0 else { return nil }
        return Tap(inputPhase: 0, offset: distance / axis.stride, kernelIndex: kernelIndex)
      }
    }
    return AxisPhases(
      inputLength: axis.coarseLength, outputLength: axis.fineLength, readStride: 1, phases: phases)
  }

  private init(inputLength: Int, outputLength: Int, readStride: Int, phases: [[Tap]]) {
    (self.inputLength, self.outputLength) = (inputLength, outputLength)
    (self.readStride, self.phases) = (readStride, phases)
    let taps = phases.flatMap { $0 }
    inputPhases = Set(taps.map(\.inputPhase)).sorted()
    smallestOffset = taps.map(\.offset).min() ?? 0
    reach = (taps.map(\.offset).max() ?? 0) - smallestOffset
  }
}

func floorDivide(_ dividend: Int, _ divisor: Int) -> Int {
  let quotient = dividend / divisor
  return dividend % divisor < 0 ? quotient - 1 : quotient
}
