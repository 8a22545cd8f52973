/// Outputs whose weights are those of the outputs `phases` before, `step` samples further on, as for whole factors.
///
/// They need no tables of their own: a kernel weights neighbouring periods as the lanes of vectors.
struct Repetition: Sendable {
  /// Whole periods.
  let outputs: Range<Int>
  let phases: Int
  let step: Int
  /// Of each output.
  let taps: Int

  /// - Returns: `nil` unless the kernels know the factor (1, 2, 4, 1/2) and the outputs in the middle have as many taps as
  ///   each other.
  init?(of weights: ResamplingWeights) {
    let (input, output) = (weights.inputLength, weights.outputLength)
    guard input > 0, output > 0 else { return nil }
    let phases = max(1, (output + input / 2) / input)
    let step = max(1, (input + output / 2) / output)
    guard [1, 2, 4].contains(phases), [1, 2].contains(step), phases == 1 || step == 1, output > 2 * phases else {
      return nil
    }
    func taps(_ output: Int) -> Int { weights.offsets[output + 1] - weights.offsets[output] }
    /// Whether an output repeats that of a period before.
    func repeats(_ output: Int) -> Bool {
      let earlier = output - phases
      let (own, theirs) = (weights.offsets[output], weights.offsets[earlier])
      return taps(output) == taps(earlier) && weights.starts[output] == weights.starts[earlier] + step
        && (0..<taps(output)).allSatisfy { weights.weights[own + $0] == weights.weights[theirs + $0] }
    }
    let middle = output / 2
    let count = taps(middle)
    guard count > 0, middle + phases <= output, (middle..<middle + phases).allSatisfy({ taps($0) == count }) else {
      return nil
    }
    var (first, end) = (middle, middle + phases)
    while first > 0 && repeats(first - 1 + phases) { first -= 1 }
    while end < output && repeats(end) { end += 1 }
    (outputs, self.phases, self.step) = (first..<end - (end - first) % phases, phases, step)
    self.taps = count
  }

  /// The whole periods among some outputs, counted from the first of these.
  func outputs(in columns: Range<Int>) -> Range<Int> {
    let own = outputs.clamped(to: columns)
    let first = own.lowerBound - columns.lowerBound
    return first..<first + own.count / phases * phases
  }
}
