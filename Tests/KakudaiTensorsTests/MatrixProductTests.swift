import KakudaiTensors
import TestSupport
import Testing

struct MatrixProductTests {
  @Test(arguments: [(1, 1, 1), (3, 5, 7), (13, 33, 17), (1, 200, 130), (64, 65, 300), (130, 1, 40)])
  func `a product is the plain sum on every instruction set`(rows: Int, columns: Int, terms: Int) {
    let (left, right) = (Tensor.random([rows, terms], seed: 1), Tensor.random([terms, columns], seed: 2))
    var reference = ReferenceValues(
      values: Array(repeating: 0, count: rows * columns), magnitudes: Array(repeating: 0, count: rows * columns),
      terms: terms)
    for row in 0..<rows {
      for column in 0..<columns {
        for term in 0..<terms {
          let product = Double(left[row, term]) * Double(right[term, column])
          reference.values[row * columns + column] += product
          reference.magnitudes[row * columns + column] += abs(product)
        }
      }
    }
    withEveryKernelTable { kernels in expectWithinRounding(matmul(left, right), reference, kernels.name) }
  }

  @Test(
    arguments: [
      ([4, 3], [3, 5]), ([2, 4, 3], [2, 3, 5]), ([2, 4, 3], [3, 5]), ([4, 3], [2, 3, 5]), ([2, 1, 4, 3], [3, 3, 2]),
      ([3], [3, 2]),
      ([2, 3], [3]), ([3], [3]), ([2, 4, 3], [3]),
    ] as [([Int], [Int])])
  func `gradients agree with differences for matrices, vectors and stacks`(left: [Int], right: [Int]) {
    expectGradients(at: [.random(Shape(left)), .random(Shape(right), seed: 2)]) { matmul($0[0], $0[1]) }
  }

  @Test func `shapes follow PyTorch`() throws {
    #expect(try MatrixProduct().outputShape(of: [[3], [3]]) == [])
    #expect(try MatrixProduct().outputShape(of: [[7, 1, 2, 3], [5, 3, 4]]) == [7, 5, 2, 4])
    #expect(matmul(.zeros([2, 0]), .zeros([0, 3])) == .zeros([2, 3]))
  }

  @Test func `matrices that do not fit are refused with both shapes`() {
    #expect(throws: ShapeError("matmul", "(2, 3) × (4, 5): rows of 3 elements meet columns of 4")) {
      try MatrixProduct().outputShape(of: [[2, 3], [4, 5]])
    }
    #expect(throws: ShapeError.self) { try MatrixProduct().outputShape(of: [[2, 2, 3], [3, 3, 4]]) }
  }
}
