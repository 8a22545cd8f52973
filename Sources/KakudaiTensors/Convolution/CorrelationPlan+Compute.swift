import CKakudaiKernels

extension CorrelationPlan {
  /// Computes a whole correlation, or its transpose, in parallel.
  ///
  /// - Parameters:
  ///   - weight: `(coarseChannels, fineChannels / groups, kernel height, kernel width)`.
  ///   - bias: One per output channel.
  ///   - shape: That of the output.
  ///   - residual: Of that shape too, where `epilogue` adds one.
  static func compute(
    _ direction: Direction, _ extents: ConvolutionExtents, input: Tensor, weight: Tensor, bias: Tensor?, shape: Shape,
    epilogue: ConvolutionEpilogue = .none, residual: Tensor? = nil
  ) -> Tensor {
    let kernels = Kernels.current
    let threads = extents.threads
    precondition(epilogue.residual == .none || residual?.shape == shape)
    guard shape.elementCount > 0 else { return .zeros(shape) }
    switch ConvolutionPlan.known(direction, extents, kernels: kernels, tasks: threads) {
    case .winograd(let plan):
      return WinogradConvolution(
        plan, weight: weight, bias: bias, epilogue: epilogue, threads: threads, kernels: kernels
      ).compute(input, residual: residual, threads: threads, shape: shape)
    case .smallMap(let plan):
      return SmallMapConvolution(
        plan, weight: weight, bias: bias, epilogue: epilogue, threads: threads, kernels: kernels
      ).compute(input, residual: residual, threads: threads, shape: shape)
    case .winogradRows(let plan):
      return WinogradRowsConvolution(
        plan, weight: weight, bias: bias, epilogue: epilogue, threads: threads, kernels: kernels
      ).compute(input, residual: residual, threads: threads, shape: shape)
    case .overlapAdd(let plan):
      return OverlapAddConvolution(plan, weight: weight, bias: bias, epilogue: epilogue, kernels: kernels)
        .compute(input, residual: residual, threads: threads, shape: shape)
    case .direct(let plan):
      return plan.compute(
        input, weight: weight, bias: bias, shape: shape, epilogue: epilogue, residual: residual, threads: threads,
        kernels: kernels)
    }
  }

  private func compute(
    _ input: Tensor, weight: Tensor, bias: Tensor?, shape: Shape, epilogue: ConvolutionEpilogue, residual: Tensor?,
    threads: Int, kernels: Kernels
  ) -> Tensor {
    let (weights, biases) = packed(weight, bias, threads: threads, kernels: kernels)
    let activations = activations(of: epilogue)
    return Tensor(shape: shape) { output in
      let operands = Operands(
        packedWeights: UnsafePointer(weights.elements), packedBiases: biases.map { UnsafePointer($0.elements) },
        epilogue: epilogue.kernelEpilogue(activations: activations), streams: 4 * output.count > cachedBytes,
        kernels: kernels.table.pointee.convolution)
      let source = RowWindow(
        planes: input.storage.elements, height: vertical.inputLength, width: horizontal.inputLength)
      func window(_ planes: UnsafeMutablePointer<Float>) -> RowWindow {
        RowWindow(planes: planes, height: outputSize.height, width: outputSize.width)
      }
      let target = window(output.baseAddress!)
      let addend = epilogue.residual == .none ? nil : residual.map { window($0.storage.elements) }
      let parts = chunkParts(threads: threads)
      withThreadCount(threads) {
        Parallel.forEach(extents.batch * extents.groups * bandCount * parts) { tasks in
          let scratch = Scratch(self)
          for task in tasks {
            run(task: task, chunkParts: parts, operands, from: source, to: target, residual: addend, scratch)
          }
        }
      }
      withExtendedLifetime((input, weights, biases, activations, residual)) {}
    }
  }

  /// How many parts the chunks are dealt into when there are not enough bands for all threads.
  private func chunkParts(threads: Int) -> Int {
    let bands = max(1, extents.batch * extents.groups * bandCount)
    return min(chunks.count, (threads + bands - 1) / bands)
  }

  /// One of the independent parts of a whole picture: an image, a group, a band of rows and some of the chunks.
  private func run(
    task index: Int, chunkParts: Int, _ operands: Operands, from input: RowWindow, to output: RowWindow,
    residual: RowWindow?, _ scratch: Scratch
  ) {
    let (rest, part) = index.quotientAndRemainder(dividingBy: chunkParts)
    let (plane, band) = rest.quotientAndRemainder(dividingBy: bandCount)
    let first = vertical.positions * band / bandCount * verticalPhases
    let end = min(vertical.positions * (band + 1) / bandCount * verticalPhases, outputSize.height)
    let piece = Piece(
      group: plane % extents.groups, rows: first..<end, columns: 0..<outputSize.width,
      chunks: chunks.count * part / chunkParts..<chunks.count * (part + 1) / chunkParts,
      residual: residual?.channels(from: plane * outputChannels))
    // The next image or group waits in slower memory.
    let isLast = band == bandCount - 1 && part == chunkParts - 1 && plane + 1 < extents.batch * extents.groups
    run(
      piece, operands, from: input.channels(from: plane * inputChannels),
      to: output.channels(from: plane * outputChannels),
      wanted: isLast
        ? Wanted(
          window: input.channels(from: (plane + 1) * inputChannels), channels: inputChannels,
          rows: 0..<vertical.inputLength) : nil, scratch)
  }

  /// Weights and biases as the kernels read them.
  func packed(
    _ weight: Tensor, _ bias: Tensor?, threads: Int, kernels: Kernels
  ) -> (weights: Storage, biases: Storage?) {
    let weights = weight.storage.packing(packingKey(kernels: kernels)) {
      packed(weight, threads: threads, kernels: kernels)
    }
    let biases = bias?.elements
    return (weights, biases.map { biases in Storage(channelsOfLines.map { biases[$0] }) })
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

  /// The channels of all lines of all groups.
  private var channelsOfLines: [Int] {
    (0..<extents.groups).flatMap { group in lines.map { group * outputChannels + $0.channel } }
  }

  /// The activations of an epilogue, of each line of all groups.
  func activations(of epilogue: ConvolutionEpilogue) -> Storage? {
    epilogue.kernelActivations(ofChannels: channelsOfLines)
  }
}

extension ConvolutionExtents {
  /// Multiplications of one direction.
  var multiplications: Int { batch * coarsePlane * coarseChannels * fineChannelsPerGroup * kernelArea }

  /// One thread where the work would not repay waking another (about 50 µs).
  var threads: Int {
    let cost = multiplications + AlgorithmChoice.readingOfWeight * groups * weightsPerGroup
    return cost < 2_000_000 ? 1 : Parallel.threadCount
  }
}
