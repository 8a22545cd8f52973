import KakudaiTensors
import TestSupport
import Testing

/// x², a plain operation for tests of the tape.
private struct Square: Operation {
  static let name = "square"
  func outputShape(of inputs: [Shape]) throws(ShapeError) -> Shape { inputs[0] }
  func value(of inputs: [Tensor], shape: Shape) -> Tensor { Tensor(inputs[0].elements.map { $0 * $0 }, shape: shape) }
  func gradients(_ context: GradientContext) -> [Tensor?] {
    [
      Tensor(
        zip(context.inputs[0].elements, context.cotangent.elements).map { 2 * $0 * $1 }, shape: context.output.shape)
    ]
  }
}

struct ValueAndGradientTests {
  @Test func `a chain of squares has the derivative of a power`() {
    let x = Tensor([2])
    let (value, gradient) = valueAndGradient(of: x) { Square()(Square()($0)) }
    #expect(value == 16)
    #expect(gradient == Tensor([32]))
  }

  @Test func `a value used twice gets both contributions, one not used gets zeros`() {
    let (_, gradients) = valueAndGradient(of: [Tensor([3]), Tensor([5])]) { operands in
      Projection(cotangent: Tensor([1]))(Square()(operands[0]))
    }
    #expect(gradients == [Tensor([6]), Tensor([0])])
  }

  @Test func `a chain of a hundred thousand operations neither overflows the stack nor takes long`() {
    let (value, gradient) = valueAndGradient(of: Tensor([1])) { x in
      (0..<100_000).reduce(x) { y, _ in Square()(y) }
    }
    #expect(value == 1)
    #expect(gradient.item == .infinity)
  }

  @Test func `gradients agree with central differences`() {
    expectGradients(at: [.random([2, 3])]) { Square()($0[0]) }
  }

  @Test func `a loss of several elements stops with its shape`() async {
    let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      _ = valueAndGradient(of: Tensor([1, 2])) { Square()($0) }
    }
    #expect(message(of: result).contains("its shape is (2)"))
  }

  @Test func `differentiating inside a differentiation stops`() async {
    await #expect(processExitsWith: .failure) {
      _ = valueAndGradient(of: Tensor([1])) { x in
        Tensor(valueAndGradient(of: x) { Square()($0) }.value)
      }
    }
  }
}
