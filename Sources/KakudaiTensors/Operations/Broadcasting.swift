/// The shape that both operands are stretched to: axes are matched from the last one, and an extent of 1 (or a missing axis)
/// takes the other's extent, as in NumPy.
package func broadcast(_ left: Shape, _ right: Shape, _ operation: String) throws(ShapeError) -> Shape {
  let rank = max(left.rank, right.rank)
  var dimensions: [Int] = []
  for axis in -rank..<0 {
    let leftExtent = -axis > left.rank ? 1 : left[axis]
    let rightExtent = -axis > right.rank ? 1 : right[axis]
    guard leftExtent == rightExtent || leftExtent == 1 || rightExtent == 1 else {
      throw ShapeError(
        operation, "the shapes \(left) and \(right) do not fit: \(leftExtent) and \(rightExtent) along axis \(axis)")
    }
    dimensions.append(leftExtent == 1 ? rightExtent : leftExtent)
  }
  return try Shape(validating: dimensions)
}

/// How a tensor of one shape is read when it is stretched to another: row after row of the last axis.
struct BroadcastRows {
  /// Elements from one element of a row to the next: 0 where the last axis is stretched.
  let step: Int
  private let extents: [Int]
  private let strides: [Int]

  init(of source: Shape, in target: Shape) {
    let own = source.strides
    let strides = (0..<target.rank).map { axis in
      let position = axis - target.rank + source.rank
      return position < 0 || source[position] == 1 ? 0 : own[position]
    }
    step = strides.last ?? 0
    extents = target.dimensions.dropLast()
    self.strides = strides.dropLast()
  }

  /// Where row `index` of the target begins in the source.
  func start(_ index: Int) -> Int {
    var offset = 0
    var rest = index
    for axis in extents.indices.reversed() {
      let (next, position) = rest.quotientAndRemainder(dividingBy: extents[axis])
      offset += position * strides[axis]
      rest = next
    }
    return offset
  }
}

extension Shape {
  /// The extent of the last axis, and the number of rows of it.
  var rowLength: Int { dimensions.last ?? 1 }
  var rowCount: Int { rowLength == 0 ? 0 : elementCount / rowLength }
}

extension Tensor {
  /// Sums over the axes along which `shape` was stretched to this tensor's: the gradient of stretching. Sums are in Double.
  package func summed(to shape: Shape) -> Tensor {
    guard shape != self.shape else { return self }
    let rows = BroadcastRows(of: shape, in: self.shape)
    let length = self.shape.rowLength
    var sums = [Double](repeating: 0, count: shape.elementCount)
    withUnsafeBufferPointer { elements in
      for row in 0..<self.shape.rowCount {
        let start = rows.start(row)
        if rows.step == 0 {
          var sum = 0.0
          for index in row * length..<(row + 1) * length { sum += Double(elements[index]) }
          sums[start] += sum
        } else {
          for column in 0..<length { sums[start + column] += Double(elements[row * length + column]) }
        }
      }
    }
    return Tensor(sums.map { Float($0) }, shape: shape)
  }
}
