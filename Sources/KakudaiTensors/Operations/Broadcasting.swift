import CKakudaiKernels

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

/// How tensors are read when they are stretched to a common shape: in runs, along which each of them either lies in one piece
/// or is stretched.
struct BroadcastRuns {
  let length: Int
  let count: Int
  /// For each source, elements from one element of a run to the next: 0 where it is stretched, else 1.
  let steps: [Int]
  /// The axes outside the runs.
  private let extents: [Int]
  private let strides: [[Int]]

  init(of sources: [Shape], in target: Shape) {
    let strides = sources.map { source in
      let own = source.strides
      return (0..<target.rank).map { axis in
        let position = axis - target.rank + source.rank
        return position < 0 || source[position] == 1 ? 0 : own[position]
      }
    }
    var inner = target.rank
    var steps: [Int]?
    while inner > 0 {
      let own = strides.map { min(1, $0[inner - 1]) }
      guard target[inner - 1] == 1 || steps == nil || steps == own else { break }
      inner -= 1
      if target[inner] != 1 { steps = own }
    }
    length = target.dimensions[inner...].reduce(1, *)
    extents = Array(target.dimensions[..<inner])
    count = length == 0 ? 0 : extents.reduce(1, *)
    self.steps = steps ?? sources.map { _ in 0 }
    self.strides = strides.map { Array($0[..<inner]) }
  }

  /// Where run `index` begins in a source.
  func start(_ index: Int, of source: Int) -> Int {
    var offset = 0
    var rest = index
    for axis in extents.indices.reversed() {
      let (next, position) = rest.quotientAndRemainder(dividingBy: extents[axis])
      offset += position * strides[source][axis]
      rest = next
    }
    return offset
  }

  /// Where an element of the target stands in a source.
  func position(of element: Int, in source: Int) -> Int {
    let (run, offset) = element.quotientAndRemainder(dividingBy: length)
    return start(run, of: source) + offset * steps[source]
  }
}

extension Shape {
  /// The extent of the last axis, and the number of rows of it.
  var rowLength: Int { dimensions.last ?? 1 }
  var rowCount: Int { rowLength == 0 ? 0 : elementCount / rowLength }
}

extension Tensor {
  /// The sums in Double over the axes along which `shape` was stretched to this tensor's, always in the same order.
  func sums(to shape: Shape) -> [Double] {
    let runs = BroadcastRuns(of: [shape], in: self.shape)
    let kernels = Kernels.current.pointwise
    var sums = [Double](repeating: 0, count: shape.elementCount)
    for run in 0..<runs.count {
      let elements = UnsafePointer(storage.elements) + run * runs.length
      let start = runs.start(run, of: 0)
      if runs.steps[0] == 0 {
        sums[start] += total(elements, count: runs.length)
      } else {
        sums.withUnsafeMutableBufferPointer {
          kernels.addToSums(elements, $0.baseAddress! + start, runs.length)
        }
      }
    }
    withExtendedLifetime(storage) {}
    return sums
  }

  /// Sums over the axes along which `shape` was stretched to this tensor's: the gradient of stretching. Sums are in Double.
  package func summed(to shape: Shape) -> Tensor {
    shape == self.shape ? self : Tensor(sums(to: shape).map { Float($0) }, shape: shape)
  }

  /// Repeats the elements to fill `shape`.
  func stretched(to shape: Shape) -> Tensor {
    let runs = BroadcastRuns(of: [self.shape], in: shape)
    return Tensor(shape: shape) { output in
      for run in 0..<runs.count {
        let target = output.baseAddress! + run * runs.length
        let source = storage.elements + runs.start(run, of: 0)
        if runs.steps[0] == 0 {
          target.update(repeating: source.pointee, count: runs.length)
        } else {
          target.update(from: source, count: runs.length)
        }
      }
      withExtendedLifetime(storage) {}
    }
  }
}

/// The sum in Double of elements in a row, in parallel: parts of a fixed size one after the other.
func total(_ elements: UnsafePointer<Float>, count: Int) -> Double {
  let sum = Kernels.current.pointwise.sum!
  guard count > elementsPerThread else { return sum(elements, count) }
  nonisolated(unsafe) let elements = elements
  let parts = (count + elementsPerThread - 1) / elementsPerThread
  return [Double](unsafeUninitializedCapacity: parts) { sums, initialized in
    nonisolated(unsafe) let sums = sums
    Parallel.forEach(parts) { range in
      for part in range {
        let start = part * elementsPerThread
        sums.initializeElement(at: part, to: sum(elements + start, min(elementsPerThread, count - start)))
      }
    }
    initialized = parts
  }.reduce(0, +)
}
