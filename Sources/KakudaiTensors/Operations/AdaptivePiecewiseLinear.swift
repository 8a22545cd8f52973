import CKakudaiKernels

/// `max(x, 0) + slope · min(x, 0) + Σₖ heightₖ · max(x − placeₖ, 0)`, of each channel its own; the inputs are `input`, `slopes`,
/// `places` and `heights`.
///
/// Shapes `(N, C, …)`, `(C)`, `(C, K)` and `(C, K)` for K hinges, at most 16 (after Agostinelli et al., 2015).
package struct AdaptivePiecewiseLinear: Operation {
  package static let name = "piecewiseLinear"

  package init() {}

  package func outputShape(of inputs: [Shape]) throws(ShapeError) -> Shape {
    let (input, slopes, places, heights) = (inputs[0], inputs[1], inputs[2], inputs[3])
    guard input.rank > 1 else {
      throw ShapeError(Self.name, "the input must be (N, C, …), but is \(input)")
    }
    guard slopes == [input[1]] else {
      throw ShapeError(Self.name, "the slopes must be (\(input[1])) for input \(input), but are \(slopes)")
    }
    guard places.rank == 2, places[0] == input[1], (1...mostHinges).contains(places[1]) else {
      throw ShapeError(
        Self.name,
        "the places must be (\(input[1]), 1 to \(mostHinges)) for input \(input), but are \(places)")
    }
    guard heights == places else {
      throw ShapeError(Self.name, "the heights must be \(places), as the places, but are \(heights)")
    }
    return input
  }

  package func value(of inputs: [Tensor], shape: Shape) -> Tensor {
    let input = inputs[0].storage
    let activations = Self.functions(ofConstants: inputs)!.map(\.kernelActivation)
    let kernels = Kernels.current.pointwise
    return Tensor(shape: shape) { output in
      ChannelPlanes(shape).forEach { _, range, channel in
        kernels.piecewise(
          activations[channel], Int32(inputs[2].shape[1]), input.elements + range.lowerBound,
          output.baseAddress! + range.lowerBound, range.count)
      }
      withExtendedLifetime(input) {}
    }
  }

  package func gradients(_ context: GradientContext) -> [Tensor?] {
    let (input, cotangent) = (context.inputs[0].storage, context.cotangent.storage)
    let activations = Self.functions(ofConstants: context.inputs)!.map(\.kernelActivation)
    let kernels = Kernels.current.pointwise
    let hinges = context.inputs[2].shape[1]
    let perChannel = 1 + 2 * hinges
    let gradients = ChannelPlanes(context.output.shape).gradients(
      parameters: activations.count * perChannel, sumsPerPlane: perChannel
    ) { range, channel, gradient, sums in
      kernels.piecewiseGradient(
        activations[channel], Int32(hinges), input.elements + range.lowerBound,
        cotangent.elements + range.lowerBound, gradient, sums, range.count)
    }
    withExtendedLifetime((input, cotangent)) {}
    /// Every `step`-th number of each channel, from `first` on.
    func ofChannels(from first: Int, step: Int, shape: Shape) -> Tensor {
      Tensor(
        (0..<activations.count).flatMap { channel in
          stride(from: first, to: perChannel, by: step).map { gradients.parameters[channel * perChannel + $0] }
        }, shape: shape)
    }
    return [
      gradients.input, ofChannels(from: 0, step: perChannel, shape: context.inputs[1].shape),
      ofChannels(from: 2, step: 2, shape: context.inputs[2].shape),
      ofChannels(from: 1, step: 2, shape: context.inputs[3].shape),
    ]
  }

  /// The functions of the channels; `nil` where they are not constant.
  static func functions(ofConstants constants: [Tensor?]) -> [PiecewiseLinearFunction]? {
    guard let slopes = constants[1]?.elements, let heights = constants[3]?.elements, let second = constants[2] else {
      return nil
    }
    let (places, hinges) = (second.elements, second.shape[1])
    return slopes.enumerated().map { channel, slope in
      PiecewiseLinearFunction(
        slope: slope,
        hinges: (channel * hinges..<(channel + 1) * hinges).map { .init(place: places[$0], height: heights[$0]) })
    }
  }
}

/// The hinges that a channel may have.
package let mostHinges = Int(CK_MOST_HINGES)

/// `max(x, 0) + slope · min(x, 0) + Σₖ heightₖ · max(x − placeₖ, 0)`.
package struct PiecewiseLinearFunction: Hashable, Sendable {
  package struct Hinge: Hashable, Sendable {
    package var place: Float
    package var height: Float

    package init(place: Float, height: Float) { (self.place, self.height) = (place, height) }
  }

  package var slope: Float
  package var hinges: [Hinge]

  package init(slope: Float, hinges: [Hinge] = []) { (self.slope, self.hinges) = (slope, hinges) }

  /// As it stands in a `ck_epilogue`.
  var kernelActivation: [Float] {
    if hinges.isEmpty { return [slope] }
    return [slope, -hinges.reduce(0) { $0 + $1.height * $1.place }] + hinges.flatMap { [$0.place, $0.height] }
  }
}

/// max(x, 0) + slope · min(x, 0) + Σₖ heightₖ · max(x − placeₖ, 0), where each channel has a slope of its own and K places and
/// heights; shapes `(N, C, …)`, `(C)`, `(C, K)` and `(C, K)`, K from 1 to 16 (after the APL units of Agostinelli et al., 2015).
public func piecewiseLinear(_ x: Tensor, slopes: Tensor, places: Tensor, heights: Tensor) -> Tensor {
  AdaptivePiecewiseLinear()(x, slopes, places, heights)
}
