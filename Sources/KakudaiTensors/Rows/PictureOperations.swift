import CKakudaiKernels

/// An operation on one picture, `(1, C, H, W)` or `(C, H, W)`, that depends on pixels far away by the statistics of the channels
/// alone: when these are known, it flows by rows, or is a constant.
package protocol PictureOperation: Operation {
  /// What it is, once the statistics of its only input, `input` of the graph, are known.
  func origin(_ statistics: PictureStatistics, input: Int, shape: Shape) -> Recording.Origin
}

extension PictureOperation {
  package func value(of inputs: [Tensor], shape: Shape) -> Tensor {
    switch origin(PictureStatistics(inputs[0]), input: 0, shape: shape) {
    case .input: inputs[0]
    case .constant(let tensor): tensor
    case .result(let operation, _): operation.value(of: inputs, shape: shape)
    }
  }

  /// Plans are not differentiated.
  package func gradients(_ context: GradientContext) -> [Tensor?] { [nil] }
}

/// `instanceNorm` or `groupNorm` of one picture.
package struct PictureNormalization: PictureOperation {
  package static let name = "normalization"
  private let groups: Int
  private let epsilon: Float
  private let weight: [Float]?
  private let bias: [Float]?

  /// `nil` for another operation, and where weights are not constant.
  package init?(_ operation: any Operation, constants: [Tensor?], input: Shape) {
    guard let normalization = operation as? Normalization, input.rank == 4, input.isPicture,
      constants.dropFirst().allSatisfy({ $0 != nil })
    else { return nil }
    switch normalization.groups {
    case .batch: return nil
    case .instance: groups = input[1]
    case .groups(let count): groups = count
    }
    epsilon = normalization.epsilon
    weight = constants.count > 1 ? constants[1]?.elements : nil
    bias = constants.count > 2 ? constants[2]?.elements : nil
  }

  package func outputShape(of inputs: [Shape]) throws(ShapeError) -> Shape { inputs[0] }

  package func origin(_ statistics: PictureStatistics, input: Int, shape: Shape) -> Recording.Origin {
    let channelsPerGroup = shape[-3] / groups
    let factors = (0..<groups).flatMap { group in
      let channels = group * channelsPerGroup..<(group + 1) * channelsPerGroup
      let own = statistics.statistics(ofChannels: channels)
      return channels.map { channel in
        let scale = own.reciprocalDeviation(epsilon) * Double(weight?[channel] ?? 1)
        return ChannelScaling.Factors(scale: scale, shift: Double(bias?[channel] ?? 0) - own.mean * scale)
      }
    }
    return .result(ChannelScaling(factors: factors), inputs: [input])
  }
}

/// The mean or the variance of each channel of one picture.
package struct PictureMoment: PictureOperation {
  package static let name = "moment of the picture"
  private let kind: Reduction.Kind
  private let shape: Shape

  /// `nil` for another operation.
  package init?(_ operation: any Operation, input: Shape, shape: Shape) {
    guard input.isPicture, shape.elementCount == input[-3] else { return nil }
    switch operation {
    case let reduction as Reduction where reduction.kind != .sum:
      guard let axes = reduction.axes, Set(axes.map { $0 < 0 ? $0 : $0 - input.rank }) == [-1, -2] else { return nil }
      kind = reduction.kind
    case let interpolation as Interpolation where interpolation.mode == .area: kind = .mean
    default: return nil
    }
    self.shape = shape
  }

  package func outputShape(of inputs: [Shape]) throws(ShapeError) -> Shape { shape }

  package func origin(_ statistics: PictureStatistics, input: Int, shape: Shape) -> Recording.Origin {
    let moments = kind == .mean ? statistics.means : statistics.variances(isUnbiased: kind == .unbiasedVariance)
    return .constant(Tensor(moments, shape: shape))
  }
}

/// `scale · x + shift` of each channel, in Double.
struct ChannelScaling: Operation {
  struct Factors: Sendable {
    var scale: Double
    var shift: Double
  }

  static let name = "scale"
  let factors: [Factors]

  func outputShape(of inputs: [Shape]) throws(ShapeError) -> Shape { inputs[0] }

  func value(of inputs: [Tensor], shape: Shape) -> Tensor {
    let (kernels, input, plane) = (Kernels.current.pointwise, inputs[0].storage, shape[-2] * shape[-1])
    return Tensor(shape: shape) { output in
      Parallel.forEach(factors.count, minimumPerThread: max(1, elementsPerThread / plane)) { channels in
        for channel in channels {
          let start = channel * plane
          kernels.scale(
            input.elements + start, factors[channel].scale, factors[channel].shift, output.baseAddress! + start, plane)
        }
      }
      withExtendedLifetime(input) {}
    }
  }

  func gradients(_ context: GradientContext) -> [Tensor?] { [nil] }
}

extension ChannelScaling: RowOperation {
  func rowKernel(_ inputs: [RowInput], shape: Shape) -> (any RowKernel)? {
    ScalingRows(factors: factors, kernels: .current)
  }
}

private struct ScalingRows: RowKernel {
  let factors: [ChannelScaling.Factors]
  let kernels: Kernels

  func compute(
    rows: Range<Int>, columns: Range<Int>, from inputs: [RowWindow], to output: RowWindow, _ scratch: (any RowScratch)?
  ) {
    let scale = kernels.pointwise.scale!
    for (channel, own) in factors.enumerated() {
      for y in rows {
        scale(
          inputs[0].row(y, channel: channel) + columns.lowerBound, own.scale, own.shift,
          output.row(y, channel: channel) + columns.lowerBound, columns.count)
      }
    }
  }
}
