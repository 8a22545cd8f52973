import CKakudaiKernels

extension CorrelationPlan {
  /// Lays the weights of one group out for the kernel, and repeats its biases, one for each stacked output.
  ///
  /// - Parameters:
  ///   - weight: `(coarseChannels, fineChannels / groups, kernel height, kernel width)`, all groups.
  ///   - bias: One per output channel, all groups.
  func pack(
    group: Int, chunk: Chunk, weight: UnsafePointer<Float>, bias: UnsafePointer<Float>?,
    packedWeights: UnsafeMutablePointer<Float>, packedBiases: UnsafeMutablePointer<Float>,
    kernels: ck_convolution_kernels
  ) {
    let outputStride: Int
    let channelStride: Int
    switch direction {
    case .correlation:
      outputStride = extents.fineChannelsPerGroup * extents.kernelArea
      channelStride = extents.kernelArea
    case .transpose:
      outputStride = extents.kernelArea
      channelStride = extents.fineChannelsPerGroup * extents.kernelArea
    }
    let rowGroup = vertical.groups[chunk.rowGroup]
    for (columnGroup, columns) in horizontal.groups.enumerated() {
      var outputOffsets: [Int] = []
      var biases = packedBiases + group * biasCount + chunk.biases[columnGroup]
      for line in chunk.lines {
        let (channel, phase) = line.quotientAndRemainder(dividingBy: rowGroup.outputPhases.count)
        let rowOffset = channel * outputStride + rowGroup.kernelSteps[phase] * extents.horizontal.kernel
        for step in columns.kernelSteps {
          outputOffsets.append(rowOffset + step)
          if let bias {
            biases.pointee = bias[group * outputChannels + channel]
            biases += 1
          }
        }
      }
      let tapOffsets = rowGroup.taps.flatMap { row in
        columns.taps.map { row.kernelIndex * extents.horizontal.kernel + $0.kernelIndex }
      }
      tapOffsets.withUnsafeBufferPointer { taps in
        outputOffsets.withUnsafeBufferPointer { outputs in
          var packing = ck_packing(
            source: weight + group * extents.weightsPerGroup, channelStride: channelStride,
            tapOffsets: taps.baseAddress, outputOffsets: outputs.baseAddress, channels: inputChannels, taps: taps.count,
            outputs: outputs.count)
          kernels.pack(&packing, packedWeights + group * weightCount + chunk.weights[columnGroup])
        }
      }
    }
  }
}
