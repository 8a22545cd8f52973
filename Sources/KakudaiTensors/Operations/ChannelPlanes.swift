/// The planes of `(N, C, …)`; a tensor without axis C is one plane.
struct ChannelPlanes {
  let count: Int
  private let channels: Int
  private let size: Int

  init(_ shape: Shape) {
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
}
