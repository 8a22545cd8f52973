/// One axis of a correlation or of its transpose, taken apart into correlations of stride 1.
///
/// The input of length `inputLength` is read as `readStride` phases, phase `m` holding the samples `m, m + readStride, …`; the
/// output is written as `writeStride` phases likewise. Position `t` of an output phase then sums, over its taps, the sample
/// `t + tap.offset` of input phase `tap.inputPhase`: neighbouring outputs read neighbouring samples, which is what the
/// vector kernels need, and no sum ever meets a zero that a stride has put between two samples.
struct AxisPhases {
  struct Tap {
    var inputPhase: Int
    var offset: Int
    /// Index in the kernel, for the first phase of the group.
    var kernelIndex: Int
  }

  /// Output phases whose taps read the same samples, so that they can be computed together like output channels.
  struct Group {
    var outputPhases: [Int]
    /// What each phase adds to the kernel index of a tap.
    var kernelSteps: [Int]
    /// In ascending order of the kernel index; empty where stride and dilation leave gaps that no tap reaches.
    var taps: [Tap]
  }

  let inputLength: Int
  let outputLength: Int
  let readStride: Int
  let writeStride: Int
  let groups: [Group]
  /// The positions that hold outputs are `firstPosition ..< firstPosition + positions`, in every phase.
  let firstPosition: Int
  let positions: Int
  /// Outputs of the first position, over all phases in turn, that are cropped away.
  let cropped: Int
  /// The input phases that taps read, ascending.
  let inputPhases: [Int]
  let smallestOffset: Int
  /// Largest offset less the smallest: what a range of positions needs beyond its own number of samples.
  let reach: Int

  /// `output[t] = Σ_k input[t·stride + k·dilation − padding]`
  static func correlation(_ axis: ConvolutionExtents.Axis) -> AxisPhases {
    let taps = (0..<axis.kernel).map { kernelIndex in
      let start = kernelIndex * axis.dilation - axis.padding
      let offset = floorDivide(start, axis.stride)
      return Tap(inputPhase: start - offset * axis.stride, offset: offset, kernelIndex: kernelIndex)
    }
    return AxisPhases(
      inputLength: axis.fineLength, outputLength: axis.coarseLength, readStride: axis.stride, writeStride: 1,
      groups: [Group(outputPhases: [0], kernelSteps: [0], taps: taps)],
      firstPosition: 0, positions: axis.coarseLength, cropped: 0)
  }

  /// `output[u] = Σ_k input[(u + padding − k·dilation) / stride]`, over the `k` for which the division leaves no rest
  static func transpose(_ axis: ConvolutionExtents.Axis) -> AxisPhases {
    var groups: [Group] = []
    var groupOfOffsets: [[Int]: Int] = [:]
    for phase in 0..<axis.stride {
      let kernelIndices = (0..<axis.kernel).filter { ($0 * axis.dilation - phase) % axis.stride == 0 }
      let offsets = kernelIndices.map { (phase - $0 * axis.dilation) / axis.stride }
      if let known = groupOfOffsets[offsets] {
        groups[known].outputPhases.append(phase)
        groups[known].kernelSteps.append((kernelIndices.first ?? 0) - (groups[known].taps.first?.kernelIndex ?? 0))
      } else {
        groupOfOffsets[offsets] = groups.count
        let taps = zip(kernelIndices, offsets).map { Tap(inputPhase: 0, offset: $1, kernelIndex: $0) }
        groups.append(Group(outputPhases: [phase], kernelSteps: [0], taps: taps))
      }
    }
    let firstPosition = axis.padding / axis.stride
    let lastPosition = (axis.padding + axis.fineLength - 1) / axis.stride
    return AxisPhases(
      inputLength: axis.coarseLength, outputLength: axis.fineLength, readStride: 1, writeStride: axis.stride,
      groups: groups, firstPosition: firstPosition, positions: lastPosition - firstPosition + 1,
      cropped: axis.padding % axis.stride)
  }

  private init(
    inputLength: Int, outputLength: Int, readStride: Int, writeStride: Int, groups: [Group], firstPosition: Int,
    positions: Int, cropped: Int
  ) {
    self.inputLength = inputLength
    self.outputLength = outputLength
    self.readStride = readStride
    self.writeStride = writeStride
    self.groups = groups
    self.firstPosition = firstPosition
    self.positions = positions
    self.cropped = cropped
    let taps = groups.flatMap(\.taps)
    inputPhases = Set(taps.map(\.inputPhase)).sorted()
    smallestOffset = taps.map(\.offset).min() ?? 0
    reach = (taps.map(\.offset).max() ?? 0) - smallestOffset
  }
}

private func floorDivide(_ dividend: Int, _ divisor: Int) -> Int {
  let quotient = dividend / divisor
  return dividend % divisor < 0 ? quotient - 1 : quotient
}
