/// The shape that both operands are stretched to: axes are matched from the last one, and an extent of 1 (or a missing axis)
/// takes the other's extent, as in NumPy.
package func broadcast(_ left: Shape, _ right: Shape, _ operation: String) throws(ShapeError) -> Shape {
  let rank = max(left.rank, right.rank)
  var dimensions: [Int] = []
  for axis in 0..<rank {
    let leftExtent = axis < rank - left.rank ? 1 : left[axis - rank]
    let rightExtent = axis < rank - right.rank ? 1 : right[axis - rank]
    guard leftExtent == rightExtent || leftExtent == 1 || rightExtent == 1 else {
      throw ShapeError(
        operation,
        "the shapes \(left) and \(right) do not fit: \(leftExtent) and \(rightExtent) along axis \(axis - rank)")
    }
    dimensions.append(leftExtent == 1 ? rightExtent : leftExtent)
  }
  return try Shape(validating: dimensions)
}

/// Where the element for each index of the shape `target`, in row-major order, stands in a tensor of shape `source` that is
/// broadcast to it.
package func broadcastOffsets(of source: [Int], in target: [Int]) -> [Int] {
  let strides = broadcastStrides(of: Shape(source), in: Shape(target))
  var offsets = [0]
  for (extent, stride) in zip(target, strides) {
    offsets = offsets.flatMap { offset in (0..<extent).map { offset + $0 * stride } }
  }
  return offsets
}

/// Elements between neighbours along each axis of `target`, in a tensor of shape `source`; 0 where it is stretched.
package func broadcastStrides(of source: Shape, in target: Shape) -> [Int] {
  let own = source.strides
  return (0..<target.rank).map { axis in
    let position = axis - target.rank + source.rank
    return position < 0 || source[position] == 1 ? 0 : own[position]
  }
}

extension Tensor {
  /// Sums over the axes along which `shape` was broadcast to this tensor's: what its gradient is. Sums are in Double.
  package func summed(to shape: Shape) -> Tensor {
    guard shape != self.shape else { return self }
    let offsets = broadcastOffsets(of: shape.dimensions, in: self.shape.dimensions)
    var sums = [Double](repeating: 0, count: shape.elementCount)
    withUnsafeBufferPointer { elements in
      for (index, offset) in offsets.enumerated() { sums[offset] += Double(elements[index]) }
    }
    return Tensor(sums.map { Float($0) }, shape: shape)
  }
}
