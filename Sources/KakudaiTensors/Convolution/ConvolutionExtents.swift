/// The sizes of one convolution, seen from neither side.
///
/// A convolution ties a *fine* grid (the input of `conv2d`, the output of `convTranspose2d`) to a *coarse* one: kernel element
/// `k` joins coarse position `t` and fine position `t·stride + k·dilation − padding`. `conv2d` sums over fine positions,
/// `convTranspose2d` over coarse ones, and each is the other's gradient; the weight is
/// `(coarseChannels, fineChannels / groups, kernel height, kernel width)` in both.
struct ConvolutionExtents: Hashable {
  struct Axis: Hashable {
    var coarseLength: Int
    var fineLength: Int
    var kernel: Int
    var stride: Int
    var dilation: Int
    /// Before the first fine position; what stands after the last one follows from the lengths.
    var padding: Int
  }

  var batch: Int
  var groups: Int
  var coarseChannels: Int
  var fineChannels: Int
  var vertical: Axis
  var horizontal: Axis
  /// See `ConvolutionGeometry`.
  var tileLead = 0

  var coarseChannelsPerGroup: Int { coarseChannels / groups }
  var fineChannelsPerGroup: Int { fineChannels / groups }
  var coarsePlane: Int { vertical.coarseLength * horizontal.coarseLength }
  var finePlane: Int { vertical.fineLength * horizontal.fineLength }
  var kernelArea: Int { vertical.kernel * horizontal.kernel }
  var weightsPerGroup: Int { coarseChannelsPerGroup * fineChannelsPerGroup * kernelArea }
}

extension ConvolutionExtents {
  /// Both axes of the correlation, or of its transpose.
  func phases(_ direction: CorrelationPlan.Direction) -> (vertical: AxisPhases, horizontal: AxisPhases) {
    switch direction {
    case .correlation: (.correlation(vertical), .correlation(horizontal))
    case .transpose: (.transpose(vertical), .transpose(horizontal))
    }
  }

  /// The channels per group that the correlation, or its transpose, reads and makes.
  func channelsPerGroup(_ direction: CorrelationPlan.Direction) -> (input: Int, output: Int) {
    switch direction {
    case .correlation: (fineChannelsPerGroup, coarseChannelsPerGroup)
    case .transpose: (coarseChannelsPerGroup, fineChannelsPerGroup)
    }
  }

  /// What lies between the weights of neighbouring channels that the correlation, or its transpose, reads and makes.
  func weightStrides(_ direction: CorrelationPlan.Direction) -> (input: Int, output: Int) {
    let perCoarseChannel = fineChannelsPerGroup * kernelArea
    return direction == .correlation ? (kernelArea, perCoarseChannel) : (perCoarseChannel, kernelArea)
  }

  /// Whether a row of all channels that the correlation, or its transpose, reads takes much memory where many are held.
  func readsLongRows(_ direction: CorrelationPlan.Direction) -> Bool {
    let length = direction == .correlation ? horizontal.fineLength : horizontal.coarseLength
    return groups * channelsPerGroup(direction).input * length >= WinogradPlan.longestRow
  }
}
