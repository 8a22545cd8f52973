import CKakudaiKernels

extension CorrelationPlan {
  /// Computes a whole correlation, or its transpose, in parallel.
  ///
  /// - Parameters:
  ///   - weight: `(coarseChannels, fineChannels / groups, kernel height, kernel width)`.
  ///   - bias: One per output channel.
  ///   - shape: That of the output.
  static func compute(
    _ direction: Direction, _ extents: ConvolutionExtents, input: Tensor, weight: Tensor, bias: Tensor?, shape: Shape
  ) -> Tensor {
    let kernels = Kernels.current
    let threads = extents.threads
    guard shape.elementCount > 0 else { return .zeros(shape) }
    let plan = CorrelationPlan(
      direction, extents, kernels: kernels.table.pointee.convolution, lanes: kernels.lanes, tasks: threads)
    let weights = weight.storage.packing(plan.packingKey(kernels: kernels)) {
      plan.packed(weight, threads: threads, kernels: kernels)
    }
    let biases = bias.map { plan.biasesOfLines($0) }
    return Tensor(shape: shape) { output in
      let operands = Operands(
        input: UnsafePointer(input.storage.elements), packedWeights: UnsafePointer(weights.elements),
        packedBiases: biases.map { UnsafePointer($0.elements) }, output: output.baseAddress!,
        streams: 4 * output.count > cachedBytes, kernels: kernels.table.pointee.convolution)
      let parts = plan.chunkParts(threads: threads)
      withThreadCount(threads) {
        Parallel.forEach(extents.batch * extents.groups * plan.bandCount * parts) { tasks in
          let scratch = Scratch(plan)
          for task in tasks { plan.run(plan.task(task, chunkParts: parts), operands, scratch) }
        }
      }
      withExtendedLifetime((input, weights, biases)) {}
    }
  }

  /// The weights of all groups, as the kernel reads them.
  private func packed(_ weight: Tensor, threads: Int, kernels: Kernels) -> Storage {
    let packed = Storage(count: weightCount * extents.groups)
    withThreadCount(threads) {
      Parallel.forEach(extents.groups * blocks.count, minimumPerThread: 8) { range in
        for index in range {
          pack(
            blocks[index % blocks.count], group: index / blocks.count,
            weight: UnsafePointer(weight.storage.elements), packedWeights: packed.elements,
            kernels: kernels.table.pointee.convolution)
        }
      }
    }
    withExtendedLifetime(weight) {}
    return packed
  }

  /// The bias of each line of all groups.
  private func biasesOfLines(_ bias: Tensor) -> Storage {
    let biases = Storage(count: lines.count * extents.groups)
    for group in 0..<extents.groups {
      for (index, line) in lines.enumerated() {
        biases.elements[group * lines.count + index] = bias.storage.elements[group * outputChannels + line.channel]
      }
    }
    return biases
  }
}

/// Outputs larger than this have left the caches before anybody reads them.
private let cachedBytes = 8 << 20

extension WeightGradientPlan {
  /// Computes the gradient of a weight of shape `shape` in parallel.
  static func compute(_ extents: ConvolutionExtents, coarse: Tensor, fine: Tensor, shape: Shape) -> Tensor {
    let threads = extents.threads
    let kernels = Kernels.current.table.pointee.convolution
    return Tensor(shape: shape) { gradient in
      gradient.initialize(repeating: 0)
      guard extents.batch > 0 else { return }
      let plan = WeightGradientPlan(extents, tasks: threads)
      let operands = Operands(
        coarse: UnsafePointer(coarse.storage.elements), fine: UnsafePointer(fine.storage.elements),
        gradient: gradient.baseAddress!, kernels: kernels)
      withThreadCount(threads) {
        Parallel.forEach(plan.taskCount) { tasks in
          let band = Storage(count: plan.largestBand.size)
          for task in tasks { plan.run(task: task, operands, bandMemory: band.elements) }
        }
      }
      withExtendedLifetime((coarse, fine)) {}
    }
  }
}

extension ConvolutionExtents {
  /// Multiplications of one direction.
  var multiplications: Int { batch * coarsePlane * coarseChannels * fineChannelsPerGroup * kernelArea }

  /// One thread where the work would not repay waking another (about 50 µs).
  var threads: Int { multiplications < 2_000_000 ? 1 : Parallel.threadCount }
}
