/// The planes of `(N, C, …)`; a tensor without axis C is one plane.
struct ChannelPlanes {
  private let shape: Shape
  private let channels: Int
  private let count: Int
  private let size: Int

  init(_ shape: Shape) {
    self.shape = shape
    channels = shape.rank > 1 ? shape[1] : 1
    count = shape.rank > 1 ? shape[0] * channels : 1
    size = shape.elementCount / max(1, count)
  }

  /// Calls `body` with each plane, its elements and its channel, in parallel.
  func forEach(_ body: (_ plane: Int, Range<Int>, _ channel: Int) -> Void) {
    Parallel.forEach(count, minimumPerThread: max(1, elementsPerThread / max(1, size))) { planes in
      for plane in planes { body(plane, plane * size..<(plane + 1) * size, plane % channels) }
    }
  }

  /// The gradient by the input, which `body` writes plane by plane, and those by `parameters` numbers: the sums, `sumsPerPlane` of each
  /// plane, that it leaves beside are added up over the planes of a channel, or over all where a plane has as many as there are.
  func gradients(
    parameters: Int, sumsPerPlane: Int = 1,
    _ body: (
      Range<Int>, _ channel: Int, _ gradient: UnsafeMutablePointer<Float>, _ sums: UnsafeMutablePointer<Double>
    ) -> Void
  ) -> (input: Tensor, parameters: [Float]) {
    var sums = [Double](repeating: 0, count: count * sumsPerPlane)
    let gradient = Tensor(shape: shape) { gradient in
      sums.withUnsafeMutableBufferPointer { sums in
        nonisolated(unsafe) let sums = sums
        forEach { plane, range, channel in
          body(
            range, channel, gradient.baseAddress! + range.lowerBound, sums.baseAddress! + plane * sumsPerPlane)
        }
      }
    }
    var totals = [Double](repeating: 0, count: parameters)
    for (index, sum) in sums.enumerated() { totals[index % parameters] += sum }
    return (gradient, totals.map { Float($0) })
  }
}
