import CKakudaiKernels

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
    let (kernels, input) = (Kernels.current.pointwise, inputs[0].storage)
    return Tensor(shape: shape) { output in
      layout.forEachPlane { plane in
        let scale = statistics[plane.group].reciprocalDeviation(epsilon) * Double(weight?[plane.channel] ?? 1)
        let shift = Double(bias?[plane.channel] ?? 0) - statistics[plane.group].mean * scale
        kernels.scale(
          input.elements + plane.start, scale, shift, output.baseAddress! + plane.start, layout.plane)
      }
      withExtendedLifetime(input) {}
    }
  }

  package func gradients(_ context: GradientContext) -> [Tensor?] {
    let layout = Layout(context.output.shape, groups)
    let statistics = layout.statistics(context.inputs[0])
    let weight = context.inputs.count > 1 ? context.inputs[1].elements : nil
    let (kernels, input) = (Kernels.current.pointwise, context.inputs[0].storage)
    let cotangent = context.cotangent.storage
    let totals = layout.sums { kernels.sum(cotangent.elements + $0.start, layout.plane) }
    // Of the cotangents times the normalised values.
    let products = layout.sums { plane in
      let own = statistics[plane.group]
      return own.reciprocalDeviation(epsilon)
        * kernels.sumOfProducts(
          cotangent.elements + plane.start, 0, input.elements + plane.start, own.mean, layout.plane)
    }
    var weightGradient = [Double](repeating: 0, count: layout.channels)
    var biasGradient = weightGradient
    // Per group, of the cotangents of the normalised values.
    var sums = [(cotangents: Double, products: Double)](repeating: (0, 0), count: statistics.count)
    for index in totals.indices {
      let plane = layout.plane(index)
      biasGradient[plane.channel] += totals[index]
      weightGradient[plane.channel] += products[index]
      sums[plane.group].cotangents += totals[index] * Double(weight?[plane.channel] ?? 1)
      sums[plane.group].products += products[index] * Double(weight?[plane.channel] ?? 1)
    }
    let gradient = Tensor(shape: context.output.shape) { result in
      let size = Double(layout.groupSize)
      // reciprocal · (weight · cotangent − Σcotangents / n − normalised · Σproducts / n)
      layout.forEachPlane { [sums] plane in
        let own = statistics[plane.group]
        let reciprocal = own.reciprocalDeviation(epsilon)
        let slope = -reciprocal * reciprocal * sums[plane.group].products / size
        kernels.mix(
          cotangent.elements + plane.start, reciprocal * Double(weight?[plane.channel] ?? 1),
          input.elements + plane.start, slope, -reciprocal * sums[plane.group].cotangents / size - slope * own.mean,
          result.baseAddress! + plane.start, layout.plane)
      }
      withExtendedLifetime((input, cotangent)) {}
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

  /// One channel of one picture.
  struct Plane {
    var index: Int
    var start: Int
    var channel: Int
    var group: Int
  }

  func plane(_ index: Int) -> Plane {
    let (image, channel) = index.quotientAndRemainder(dividingBy: channels)
    let group =
      switch groups {
      case .batch: channel
      case .instance: index
      case .groups(let count): image * count + channel / (channels / count)
      }
    return Plane(index: index, start: index * plane, channel: channel, group: group)
  }

  /// Calls `body` for every plane, in parallel.
  func forEachPlane(_ body: (Plane) -> Void) {
    Parallel.forEach(images * channels, minimumPerThread: max(1, elementsPerThread / max(1, plane))) {
      for index in $0 { body(plane(index)) }
    }
  }

  /// A sum for each plane, computed in parallel.
  func sums(_ sum: (Plane) -> Double) -> [Double] {
    [Double](unsafeUninitializedCapacity: images * channels) { sums, initialized in
      nonisolated(unsafe) let sums = sums
      forEachPlane { sums.initializeElement(at: $0.index, to: sum($0)) }
      initialized = images * channels
    }
  }

  /// The mean first, then the mean square distance from it.
  func statistics(_ input: Tensor) -> [Statistics] {
    var statistics = [Statistics](repeating: Statistics(), count: groupCount)
    let (kernels, elements) = (Kernels.current.pointwise, input.storage)
    let size = Double(groupSize)
    for (index, sum) in sums({ kernels.sum(elements.elements + $0.start, plane) }).enumerated() {
      statistics[plane(index).group].mean += sum / size
    }
    let squares = sums { [statistics] in
      let (start, mean) = (elements.elements + $0.start, statistics[$0.group].mean)
      return kernels.sumOfProducts(start, mean, start, mean, plane)
    }
    for (index, sum) in squares.enumerated() { statistics[plane(index).group].variance += sum / size }
    return statistics
  }
}
