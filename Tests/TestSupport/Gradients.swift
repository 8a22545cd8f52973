package import KakudaiTensors
package import Testing

/// Compares the derivative of `function` at `inputs` with central differences, under a random cotangent.
///
/// The cotangent is random because ones hide flips and transposes. The differences are taken of the function itself in
/// Float32, so `step` should be large where the function is linear and the tolerance covers its curvature.
package func expectGradients(
  at inputs: [Tensor], step: Float = 1 / 64, tolerance: Double = 2e-3,
  sourceLocation: SourceLocation = #_sourceLocation,
  _ function: ([Tensor]) -> Tensor
) {
  var generator = RandomGenerator(seed: 7)
  let output = function(inputs)
  let cotangent = Tensor((0..<output.shape.elementCount).map { _ in generator.nextNormal() }, shape: output.shape)
  func projected(_ inputs: [Tensor]) -> Double {
    zip(function(inputs).elements, cotangent.elements).reduce(0) { $0 + Double($1.0) * Double($1.1) }
  }
  let gradients = valueAndGradient(of: inputs) { Projection(cotangent: cotangent)(function($0)) }.gradient
  for (position, gradient) in gradients.enumerated() {
    for index in 0..<gradient.shape.elementCount {
      var moved = inputs
      let middle = inputs[position].elements[index]
      func value(at x: Float) -> Double {
        moved[position].withUnsafeMutableBufferPointer { $0[index] = x }
        return projected(moved)
      }
      let width = Double(middle + step) - Double(middle - step)
      let expected = (value(at: middle + step) - value(at: middle - step)) / width
      let actual = Double(gradient.elements[index])
      let scale = 1 + abs(expected) + abs(actual)
      #expect(
        abs(actual - expected) <= tolerance * scale,
        "input \(position), element \(index): gradient \(actual), differences \(expected)",
        sourceLocation: sourceLocation)
    }
  }
}

/// ⟨input, cotangent⟩ as an operation, so that gradient tests depend on no other operation.
package struct Projection: Operation {
  package static let name = "projection"
  let cotangent: Tensor

  package init(cotangent: Tensor) { self.cotangent = cotangent }

  package func outputShape(of inputs: [Shape]) throws(ShapeError) -> Shape {
    guard inputs[0] == cotangent.shape else {
      throw ShapeError(Self.name, "\(inputs[0]) is projected on \(cotangent.shape)")
    }
    return []
  }

  package func value(of inputs: [Tensor], shape: Shape) -> Tensor {
    Tensor(Float(zip(inputs[0].elements, cotangent.elements).reduce(0.0) { $0 + Double($1.0) * Double($1.1) }))
  }

  package func gradients(_ context: GradientContext) -> [Tensor?] {
    let factor = context.cotangent.item
    return [Tensor(cotangent.elements.map { $0 * factor }, shape: cotangent.shape)]
  }
}
