/// A function of tensors, as a value: its attributes, its shape rule, its value and its derivative.
///
/// Written once and read three ways: computed at once, recorded for the derivative, and planned for inference.
///
/// ```swift
/// struct Square: Operation {
///   static let name = "square"
///   func outputShape(of inputs: [Shape]) throws(ShapeError) -> Shape { inputs[0] }
///   func value(of inputs: [Tensor], shape: Shape) -> Tensor { inputs[0] * inputs[0] }
///   func gradients(_ context: GradientContext) -> [Tensor?] { [2 * context.inputs[0] * context.cotangent] }
/// }
/// let y = Square()(x)
/// ```
public protocol Operation: Sendable {
  /// As it is spelled in Swift and in messages: `convTranspose2d`.
  static var name: String { get }

  /// The shape of the result.
  ///
  /// - Throws: what is wrong with the attributes or the inputs, with the numbers.
  func outputShape(of inputs: [Shape]) throws(ShapeError) -> Shape

  /// The result. The shape rule has been checked, and `shape` is what it gave.
  func value(of inputs: [Tensor], shape: Shape) -> Tensor

  /// What each input contributes to the derivative: the transposed Jacobian applied to the cotangent, in the input's shape.
  ///
  /// `nil` where the derivative is zero or not wanted.
  func gradients(_ context: GradientContext) -> [Tensor?]
}

/// What a derivative may look at; none of it is recorded again.
public struct GradientContext {
  public let inputs: [Tensor]
  public let output: Tensor

  /// The derivative of the loss by the output, in the output's shape.
  public let cotangent: Tensor

  /// Which inputs need their gradient; computing others is wasted.
  public let wanted: [Bool]

  package init(inputs: [Tensor], output: Tensor, cotangent: Tensor, wanted: [Bool]) {
    self.inputs = inputs
    self.output = output
    self.cotangent = cotangent
    self.wanted = wanted
  }
}

extension Operation {
  /// Computes the result and, inside `valueAndGradient(of:)`, records how; stops with the message of the shape rule.
  public func callAsFunction(_ inputs: Tensor...) -> Tensor { apply(to: inputs) }

  /// `callAsFunction` for a number of inputs known only at run time.
  public func apply(to inputs: [Tensor]) -> Tensor {
    let shape = stopping { () throws(ShapeError) in try outputShape(of: inputs.map(\.shape)) }
    let tape = Tape.common(to: inputs, of: Self.name)
    if let tape, tape.recordsShapesOnly {
      return tape.record(self, inputs: inputs, output: Tensor(shape: shape, storage: .nothing))
    }
    let output = value(of: inputs.map(\.unrecorded), shape: shape)
    assert(output.shape == shape, "\(Self.name) promised \(shape) and computed \(output.shape)")
    return tape?.record(self, inputs: inputs, output: output) ?? output
  }
}
