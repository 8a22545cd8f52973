import CKakudaiKernels

/// The arithmetic of one step of Adam, for one parameter after the other.
package struct AdamStep {
  private var coefficients: ck_adam

  /// `slope = gradient + added·parameter`; `mean += (1 − momentum)·(slope − mean)`;
  /// `square = squareMomentum·square + (1 − squareMomentum)·slope²`;
  /// `parameter = kept·parameter − stepSize·mean / (√square / squareScale + epsilon)`.
  package init(
    momentum: Float, squareMomentum: Float, added: Float, kept: Float, stepSize: Float, squareScale: Float,
    epsilon: Float
  ) {
    coefficients = ck_adam(
      momentum: momentum, squareMomentum: squareMomentum, added: added, kept: kept, stepSize: stepSize,
      squareScale: squareScale, epsilon: epsilon)
  }

  package func apply(
    to parameter: UnsafeMutableBufferPointer<Float>, along gradient: UnsafeBufferPointer<Float>,
    mean: UnsafeMutableBufferPointer<Float>, square: UnsafeMutableBufferPointer<Float>
  ) {
    withUnsafePointer(to: coefficients) {
      Kernels.current.pointwise.adam(
        $0, parameter.baseAddress, gradient.baseAddress, mean.baseAddress, square.baseAddress, parameter.count)
    }
  }
}

extension Tensor {
  /// Moves every element towards that of a tensor of the same shape, by `share` of the distance.
  package mutating func approach(_ other: Tensor, share: Float) {
    withUnsafeMutableBufferPointer { elements in
      other.withUnsafeBufferPointer {
        Kernels.current.pointwise.approach(elements.baseAddress, $0.baseAddress, share, elements.count)
      }
    }
  }

  /// The sum of all squares, in Double.
  package var squaredNorm: Double {
    withUnsafeBufferPointer {
      Kernels.current.pointwise.sumOfProducts($0.baseAddress, 0, $0.baseAddress, 0, $0.count)
    }
  }
}
