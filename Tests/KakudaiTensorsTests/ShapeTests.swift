import KakudaiTensors
import Testing

struct ShapeTests {
  @Test func `a shape counts its elements and prints like a tuple`() {
    let shape: Shape = [2, 3, 5, 6]
    #expect(shape.elementCount == 180)
    #expect(shape.rank == 4 && shape[-1] == 6 && shape[0] == 2)
    #expect(shape.strides == [90, 30, 6, 1])
    #expect(shape.description == "(2, 3, 5, 6)")
    #expect(Shape([]).elementCount == 1)
  }

  @Test func `a negative extent is refused with its number`() {
    #expect(throws: ShapeError("shape", "(2, -1) has a negative extent")) { try Shape(validating: [2, -1]) }
  }

  @Test func `too many elements are refused`() {
    #expect(throws: ShapeError.self) { try Shape(validating: [1 << 31, 1 << 31, 4]) }
  }
}
