import CKakudaiKernels

extension Tensor {
  /// Makes the rows of a matrix orthonormal, each along what it adds to the rows before it (Gram–Schmidt, twice for each row, which
  /// is enough: Giraud et al., 2005). `(rows, columns)`, linearly independent rows; sums in Double.
  package mutating func orthonormalizeRows() {
    let (rows, columns) = (shape[0], shape[1])
    let kernels = Kernels.current.pointwise
    withUnsafeMutableBufferPointer { elements in
      guard let first = elements.baseAddress else { return }
      for index in 0..<rows {
        let row = first + index * columns
        for _ in 0..<2 {
          // Scaled before the sums too, which would leave Float's range otherwise.
          kernels.scale(row, 1 / kernels.sumOfProducts(row, 0, row, 0, columns).squareRoot(), 0, row, columns)
          for other in 0..<index {
            let earlier = first + other * columns
            kernels.mix(row, 1, earlier, -kernels.sumOfProducts(earlier, 0, row, 0, columns), 0, row, columns)
          }
        }
        kernels.scale(row, 1 / kernels.sumOfProducts(row, 0, row, 0, columns).squareRoot(), 0, row, columns)
      }
    }
  }
}
