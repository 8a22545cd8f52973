/// The extents of a tensor along each of its axes, outermost first; pictures are `(N, C, H, W)`.
public struct Shape: Hashable, Sendable {
  /// One extent per axis, none negative.
  public let dimensions: [Int]

  /// The product of all extents; 1 for a scalar.
  public let elementCount: Int

  /// Checks extents that come from outside the program.
  ///
  /// - Throws: `ShapeError` when an extent is negative or the number of bytes overflows 64 bits.
  public init(validating dimensions: [Int]) throws(ShapeError) {
    var count = 1
    var holdsZero = false
    for extent in dimensions {
      guard extent >= 0 else {
        throw ShapeError("shape", "\(Shape.list(dimensions)) has a negative extent")
      }
      if extent == 0 {
        holdsZero = true
      } else {
        let (product, overflow) = count.multipliedReportingOverflow(by: extent)
        guard !overflow && product <= Int.max / MemoryLayout<Float>.stride / 2 else {
          throw ShapeError("shape", "\(Shape.list(dimensions)) has more elements than memory can be addressed")
        }
        count = product
      }
    }
    self.dimensions = dimensions
    self.elementCount = holdsZero ? 0 : count
  }

  /// Makes a shape of extents that the program computed; stops when one is negative or their product overflows.
  public init(_ dimensions: [Int]) {
    self = stopping { () throws(ShapeError) in try Shape(validating: dimensions) }
  }

  /// The number of axes.
  public var rank: Int { dimensions.count }

  /// The extent along `axis`; negative axes count from the end, as in PyTorch.
  public subscript(axis: Int) -> Int { dimensions[axis < 0 ? axis + rank : axis] }

  /// How many elements lie between neighbours along each axis.
  public var strides: [Int] {
    var strides = [Int](repeating: 1, count: rank)
    for axis in dimensions.indices.dropLast().reversed() {
      strides[axis] = strides[axis + 1] * max(1, dimensions[axis + 1])
    }
    return strides
  }

  /// The axis that a possibly negative `axis` means.
  ///
  /// - Throws: `ShapeError` when there is no such axis.
  public func axis(_ axis: Int, of operation: String) throws(ShapeError) -> Int {
    guard axis >= -rank && axis < rank else {
      throw ShapeError(operation, "axis \(axis) does not exist in shape \(self), which has \(rank) axes")
    }
    return axis < 0 ? axis + rank : axis
  }

  private static func list(_ dimensions: [Int]) -> String {
    "(" + dimensions.map(String.init).joined(separator: ", ") + ")"
  }
}

extension Shape: ExpressibleByArrayLiteral {
  public init(arrayLiteral elements: Int...) { self.init(elements) }
}

extension Shape: CustomStringConvertible {
  /// For example `(1, 3, 28, 28)`.
  public var description: String { Shape.list(dimensions) }
}
