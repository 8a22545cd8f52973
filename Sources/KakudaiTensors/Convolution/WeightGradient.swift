import CKakudaiKernels

/// The gradient of a weight, computed in the way that suits its sizes.
enum WeightGradient {
  /// - Parameter shape: `(coarseChannels, fineChannels / groups, kernel height, kernel width)`.
  static func compute(_ extents: ConvolutionExtents, coarse: Tensor, fine: Tensor, shape: Shape) -> Tensor {
    let threads = extents.threads
    let kernels = Kernels.current
    return Tensor(shape: shape) { gradient in
      withThreadCount(threads) {
        if let winograd = AlgorithmChoice.winogradGradient(extents, kernels: kernels),
          winograd.compute(coarse: coarse, fine: fine, into: gradient.baseAddress!)
        {
          return
        }
        computeDirectly(extents, coarse: coarse, fine: fine, into: gradient, kernels)
      }
    }
  }

  private static func computeDirectly(
    _ extents: ConvolutionExtents, coarse: Tensor, fine: Tensor, into gradient: UnsafeMutableBufferPointer<Float>,
    _ kernels: Kernels
  ) {
    let table = kernels.table.pointee
    if extents.batch > 0 && WeightGradientProduct.suits(extents) {
      let product = WeightGradientProduct(extents: extents, kernels: table.convolution, unfold: table.unfold)
      return product.compute(
        coarse: coarse, fine: fine, into: gradient.baseAddress!, streams: 4 * gradient.count > cachedBytes)
    }
    gradient.initialize(repeating: 0)
    guard extents.batch > 0 else { return }
    let plan = WeightGradientPlan(extents, tasks: Parallel.threadCount)
    let operands = WeightGradientPlan.Operands(
      coarse: UnsafePointer(coarse.storage.elements), fine: UnsafePointer(fine.storage.elements),
      gradient: gradient.baseAddress!, kernels: table.convolution)
    Parallel.forEach(plan.taskCount) { tasks in
      let band = Storage(count: plan.largestBand.size)
      for task in tasks { plan.run(task: task, operands, bandMemory: band.elements) }
    }
    withExtendedLifetime((coarse, fine)) {}
  }
}
