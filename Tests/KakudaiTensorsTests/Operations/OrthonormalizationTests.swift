import KakudaiTensors
import TestSupport
import Testing

struct OrthonormalizationTests {
  @Test(arguments: [1, 3, 17, 40]) func `rows become orthonormal and keep what they span`(count: Int) {
    withEveryKernelTable { _ in
      let columns = 40
      let given = Tensor.random([count, columns])
      var rows = given
      rows.orthonormalizeRows()
      let products = matmul(rows, rows.transposed(0, 1))
      for row in 0..<count {
        for other in 0..<count { #expect(abs(products[row, other] - (row == other ? 1 : 0)) < 1e-6) }
      }
      // Each given row is made of the rows up to its own.
      let shares = matmul(given, rows.transposed(0, 1))
      for row in 0..<count { for later in row + 1..<max(count, row + 1) { #expect(abs(shares[row, later]) < 1e-5) } }
      for (expected, actual) in zip(given.elements, matmul(shares, rows).elements) {
        #expect(abs(expected - actual) < 1e-5)
      }
    }
  }

  @Test func `rows that are nearly parallel become orthonormal`() {
    let columns = 30
    var rows = Tensor.random([20, columns]) * 1e-4 + Tensor.random([1, columns], seed: 2)
    rows *= 1e-20
    rows.orthonormalizeRows()
    let products = matmul(rows, rows.transposed(0, 1))
    for row in 0..<20 { for other in 0..<20 { #expect(abs(products[row, other] - (row == other ? 1 : 0)) < 1e-6) } }
  }
}
