/// Which elements share a mean and a variance.
package enum NormalizationGroups: Hashable, Sendable {
  /// Each channel, over the batch and all pixels.
  case batch
  /// Each channel of each picture.
  case instance
  /// Each of so many groups of channels of each picture.
  case groups(Int)
}

/// Subtracts the mean, divides by √(variance + ε), and, where there are `weight` and `bias`, scales and shifts each channel.
///
/// The inputs are `input` `(N, C, …)` and, optionally, `weight` and `bias` `(C)`. Statistics are in Double.
package struct Normalization: Operation {
  package static let name = "normalization"
  package let groups: NormalizationGroups
  package let epsilon: Float

  package init(groups: NormalizationGroups, epsilon: Float) {
    self.groups = groups
    self.epsilon = epsilon
  }

  private var operationName: String {
    switch groups {
    case .batch: "batchNorm"
    case .instance: "instanceNorm"
    case .groups: "groupNorm"
    }
  }

  package func outputShape(of inputs: [Shape]) throws(ShapeError) -> Shape {
    let input = inputs[0]
    guard input.rank >= 2 else { throw ShapeError(operationName, "the input must be (N, C, …), but is \(input)") }
    for (name, shape) in zip(["weight", "bias"], inputs.dropFirst()) {
      guard shape == [input[1]] else {
        throw ShapeError(operationName, "the \(name) must be (\(input[1])) for input \(input), but is \(shape)")
      }
    }
    if case .groups(let count) = groups {
      guard count > 0 && input[1] % count == 0 else {
        throw ShapeError(operationName, "the \(input[1]) channels of \(input) do not divide into \(count) groups")
      }
    }
    let layout = Layout(input, groups)
    guard input.elementCount == 0 || layout.groupSize > 1 else {
      throw ShapeError(operationName, "a mean of one value says nothing: input \(input) has 1 value to normalise with")
    }
    return input
  }

  package func value(of inputs: [Tensor], shape: Shape) -> Tensor {
    let layout = Layout(shape, groups)
    let statistics = layout.statistics(inputs[0])
    let (weight, bias) = (inputs.count > 1 ? inputs[1].elements : nil, inputs.count > 2 ? inputs[2].elements : nil)
    return Tensor(shape: shape) { output in
      inputs[0].withUnsafeBufferPointer { input in
        layout.forEachPlane { plane, channel, group in
          let scale = statistics[group].reciprocalDeviation(epsilon) * Double(weight?[channel] ?? 1)
          let shift = Double(bias?[channel] ?? 0) - statistics[group].mean * scale
          for index in plane { output[index] = Float(Double(input[index]) * scale + shift) }
        }
      }
    }
  }

  package func gradients(_ context: GradientContext) -> [Tensor?] {
    let layout = Layout(context.output.shape, groups)
    let statistics = layout.statistics(context.inputs[0])
    let weight = context.inputs.count > 1 ? context.inputs[1].elements : nil
    var weightGradient = [Double](repeating: 0, count: layout.channels)
    var biasGradient = weightGradient
    // Per group: the sums of the cotangents of the normalised values, and of their products with these.
    var sums = [(cotangents: Double, products: Double)](repeating: (0, 0), count: statistics.count)
    let gradient = Tensor(shape: context.output.shape) { result in
      context.inputs[0].withUnsafeBufferPointer { input in
        context.cotangent.withUnsafeBufferPointer { cotangent in
          layout.forEachPlane { plane, channel, group in
            let reciprocal = statistics[group].reciprocalDeviation(epsilon)
            var (total, products) = (0.0, 0.0)
            for index in plane {
              total += Double(cotangent[index])
              products += Double(cotangent[index]) * (Double(input[index]) - statistics[group].mean) * reciprocal
            }
            biasGradient[channel] += total
            weightGradient[channel] += products
            sums[group].cotangents += total * Double(weight?[channel] ?? 1)
            sums[group].products += products * Double(weight?[channel] ?? 1)
          }
          let size = Double(layout.groupSize)
          layout.forEachPlane { plane, channel, group in
            let reciprocal = statistics[group].reciprocalDeviation(epsilon)
            for index in plane {
              let normalised = (Double(input[index]) - statistics[group].mean) * reciprocal
              let own = Double(cotangent[index]) * Double(weight?[channel] ?? 1)
              result[index] = Float(
                reciprocal * (own - sums[group].cotangents / size - normalised * sums[group].products / size))
            }
          }
        }
      }
    }
    return [gradient, Tensor(weightGradient.map { Float($0) }), Tensor(biasGradient.map { Float($0) })]
      .prefix(context.inputs.count).map { $0 }
  }
}

/// The mean and the variance of some elements.
struct Statistics {
  var mean = 0.0
  /// Divided by n.
  var variance = 0.0

  func reciprocalDeviation(_ epsilon: Float) -> Double { 1 / (variance + Double(epsilon)).squareRoot() }
}

/// How the planes of `(N, C, …)` fall into groups that share their statistics.
struct Layout {
  let images: Int
  let channels: Int
  let plane: Int
  let groups: NormalizationGroups

  init(_ shape: Shape, _ groups: NormalizationGroups) {
    images = shape[0]
    channels = shape[1]
    plane = shape.dimensions.dropFirst(2).reduce(1, *)
    self.groups = groups
  }

  var groupCount: Int {
    switch groups {
    case .batch: channels
    case .instance: images * channels
    case .groups(let count): images * count
    }
  }

  /// Elements of one group.
  var groupSize: Int { groupCount == 0 ? 0 : images * channels * plane / groupCount }

  /// The elements of each plane, its channel and its group, always in the same order.
  func forEachPlane(_ body: (Range<Int>, _ channel: Int, _ group: Int) -> Void) {
    for index in 0..<images * channels {
      let (image, channel) = index.quotientAndRemainder(dividingBy: channels)
      let group =
        switch groups {
        case .batch: channel
        case .instance: index
        case .groups(let count): image * count + channel / (channels / count)
        }
      body(index * plane..<(index + 1) * plane, channel, group)
    }
  }

  /// The mean first, then the mean square distance from it.
  func statistics(_ input: Tensor) -> [Statistics] {
    var statistics = [Statistics](repeating: Statistics(), count: groupCount)
    let size = Double(groupSize)
    input.withUnsafeBufferPointer { input in
      forEachPlane { plane, _, group in
        var sum = 0.0
        for index in plane { sum += Double(input[index]) }
        statistics[group].mean += sum / size
      }
      forEachPlane { plane, _, group in
        var sum = 0.0
        for index in plane {
          let distance = Double(input[index]) - statistics[group].mean
          sum += distance * distance
        }
        statistics[group].variance += sum / size
      }
    }
    return statistics
  }
}
