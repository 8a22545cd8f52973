import CKakudaiKernels

/// The product of matrices, `(…, M, K) × (…, K, N) → (…, M, N)`; leading axes are broadcast (PyTorch's `matmul`).
///
/// A left operand of one axis is a row, a right operand of one axis a column, and the result loses that axis.
package struct MatrixProduct: Operation {
  package static let name = "matmul"

  /// Whether the last two axes of an operand are exchanged before multiplying.
  var transposesLeft = false
  var transposesRight = false

  package init() {}

  package func outputShape(of inputs: [Shape]) throws(ShapeError) -> Shape {
    let sizes = try self.sizes(inputs[0], inputs[1])
    return Shape(
      sizes.batch + (inputs[0].rank == 1 ? [] : [sizes.rows]) + (inputs[1].rank == 1 ? [] : [sizes.columns]))
  }

  package func value(of inputs: [Tensor], shape: Shape) -> Tensor {
    let sizes = stopping { () throws(ShapeError) in try self.sizes(inputs[0].shape, inputs[1].shape) }
    guard shape.elementCount > 0 && sizes.terms > 0 else { return .zeros(shape) }
    let batch = Shape(sizes.batch)
    let matrices = BroadcastRuns(of: [Shape(sizes.leftBatch), Shape(sizes.rightBatch)], in: batch)
    let product = ProductOfPairs(
      plan: MatrixProductPlan(
        rows: sizes.rows, columns: sizes.columns, terms: sizes.terms, transposesLeft: transposesLeft,
        transposesRight: transposesRight, kernels: Kernels.current.table.pointee.convolution),
      kernels: Kernels.current)
    return Tensor(shape: shape) { output in
      for pair in 0..<batch.elementCount {
        product.compute(
          left: UnsafePointer(inputs[0].storage.elements) + matrices.position(of: pair, in: 0) * sizes.rows
            * sizes.terms,
          right: UnsafePointer(inputs[1].storage.elements) + matrices.position(of: pair, in: 1) * sizes.terms
            * sizes.columns,
          into: output.baseAddress! + pair * sizes.rows * sizes.columns)
      }
      withExtendedLifetime(inputs) {}
    }
  }

  package func gradients(_ context: GradientContext) -> [Tensor?] {
    let sizes = stopping { () throws(ShapeError) in
      try self.sizes(context.inputs[0].shape, context.inputs[1].shape)
    }
    let left = context.inputs[0].viewed(as: matrixShape(context.inputs[0].shape, isLeft: true))
    let right = context.inputs[1].viewed(as: matrixShape(context.inputs[1].shape, isLeft: false))
    let cotangent = context.cotangent.viewed(as: Shape(sizes.batch + [sizes.rows, sizes.columns]))
    func product(_ left: Tensor, _ right: Tensor, _ transposesLeft: Bool, _ transposesRight: Bool) -> Tensor {
      var product = MatrixProduct()
      product.transposesLeft = transposesLeft
      product.transposesRight = transposesRight
      return product(left, right)
    }
    let leftGradient =
      !context.wanted[0]
      ? nil
      : transposesLeft
        ? product(right, cotangent, transposesRight, true) : product(cotangent, right, false, !transposesRight)
    let rightGradient =
      !context.wanted[1]
      ? nil
      : transposesRight
        ? product(cotangent, left, true, transposesLeft) : product(left, cotangent, !transposesLeft, false)
    return [
      leftGradient?.summed(to: left.shape).viewed(as: context.inputs[0].shape),
      rightGradient?.summed(to: right.shape).viewed(as: context.inputs[1].shape),
    ]
  }

  private struct Sizes {
    var batch: [Int]
    var leftBatch: [Int]
    var rightBatch: [Int]
    var rows: Int
    var columns: Int
    var terms: Int
  }

  private func matrixShape(_ shape: Shape, isLeft: Bool) -> Shape {
    shape.rank == 1 ? (isLeft ? [1, shape[0]] : [shape[0], 1]) : shape
  }

  private func sizes(_ left: Shape, _ right: Shape) throws(ShapeError) -> Sizes {
    guard left.rank > 0 && right.rank > 0 else {
      throw ShapeError(Self.name, "a matrix product needs axes, but the shapes are \(left) and \(right)")
    }
    let (leftMatrix, rightMatrix) = (matrixShape(left, isLeft: true), matrixShape(right, isLeft: false))
    let terms = leftMatrix[transposesLeft ? -2 : -1]
    guard terms == rightMatrix[transposesRight ? -1 : -2] else {
      throw ShapeError(
        Self.name,
        "\(left) × \(right): rows of \(terms) elements meet columns of \(rightMatrix[transposesRight ? -1 : -2])")
    }
    let (leftBatch, rightBatch) = (leftMatrix.dimensions.dropLast(2), rightMatrix.dimensions.dropLast(2))
    return Sizes(
      batch: try broadcast(Shape(Array(leftBatch)), Shape(Array(rightBatch)), Self.name).dimensions,
      leftBatch: Array(leftBatch), rightBatch: Array(rightBatch), rows: leftMatrix[transposesLeft ? -1 : -2],
      columns: rightMatrix[transposesRight ? -2 : -1], terms: terms)
  }
}

/// Multiplies one pair of matrices after the other by the same plan.
private struct ProductOfPairs {
  let plan: MatrixProductPlan
  let kernels: Kernels

  func compute(left: UnsafePointer<Float>, right: UnsafePointer<Float>, into output: UnsafeMutablePointer<Float>) {
    let table = kernels.table.pointee.convolution
    let isSmall = plan.rows * plan.columns * plan.terms < 2_000_000
    if plan.multipliesRows {
      output.update(repeating: 0, count: plan.rows * plan.columns)
      Parallel.forEach(plan.rows, minimumPerThread: isSmall ? plan.rows : 4) { rows in
        plan.multiplyRows(rows, 0..<plan.columns, left: left, right: right, into: output, kernels: table)
      }
    } else {
      let packed = Storage(count: plan.packedSize)
      plan.pack(left, into: packed.elements, kernels: table)
      Parallel.forEach(plan.panels, minimumPerThread: isSmall ? plan.panels : 1) { panels in
        let memory = Storage(count: plan.panelSize)
        let scratch = Storage(count: Int(CK_SCRATCH_PER_PHASE))
        for panel in panels {
          plan.multiply(
            panel: panel, packed: packed.elements, right: right, into: output, panelMemory: memory.elements,
            scratch: scratch.elements, kernels: table)
        }
      }
    }
  }
}

/// The product of matrices, PyTorch's `matmul`: `(…, M, K) × (…, K, N) → (…, M, N)`.
///
/// Leading axes are broadcast. A left operand of one axis is a row, a right one a column; the result has no axis for it.
/// Stops with both shapes where they do not fit.
public func matmul(_ left: Tensor, _ right: Tensor) -> Tensor { MatrixProduct()(left, right) }
