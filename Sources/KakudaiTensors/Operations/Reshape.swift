/// The same elements in another shape.
package struct Reshape: Operation {
  package static let name = "reshaped"
  /// One extent may be −1: what the others leave.
  package let dimensions: [Int]

  package init(dimensions: [Int]) { self.dimensions = dimensions }

  package func outputShape(of inputs: [Shape]) throws(ShapeError) -> Shape {
    let count = inputs[0].elementCount
    var dimensions = dimensions
    if let open = dimensions.firstIndex(of: -1) {
      dimensions[open] = 1
      let known = try Shape(validating: dimensions).elementCount
      guard known > 0 && count % known == 0 else {
        throw ShapeError(
          Self.name, "\(count) elements of \(inputs[0]) do not divide by the \(known) of \(self.dimensions)")
      }
      dimensions[open] = count / known
    }
    let shape = try Shape(validating: dimensions)
    guard shape.elementCount == count else {
      throw ShapeError(Self.name, "\(inputs[0]) has \(count) elements, but \(shape) has \(shape.elementCount)")
    }
    return shape
  }

  package func value(of inputs: [Tensor], shape: Shape) -> Tensor { inputs[0].viewed(as: shape) }

  package func gradients(_ context: GradientContext) -> [Tensor?] {
    [context.cotangent.viewed(as: context.inputs[0].shape)]
  }
}

extension Tensor {
  /// The same elements in another shape; one extent may be −1, which means what the others leave.
  public func reshaped(to dimensions: [Int]) -> Tensor { Reshape(dimensions: dimensions)(self) }

  /// Axes `first` to the last as one; the batch is kept by default (PyTorch's `flatten(1)`).
  public func flattened(fromAxis first: Int = 1) -> Tensor {
    let axis = stopping { () throws(ShapeError) in try shape.axis(first, of: "flattened") }
    return reshaped(to: Array(shape.dimensions[..<axis]) + [shape.dimensions[axis...].reduce(1, *)])
  }
}
