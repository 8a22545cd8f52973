import CKakudaiKernels

extension CorrelationPlan {
  /// Lays the weights of one block of one group out for the kernel, and repeats its biases, one for each line.
  ///
  /// - Parameters:
  ///   - weight: `(coarseChannels, fineChannels / groups, kernel height, kernel width)`, all groups.
  ///   - bias: One per output channel, all groups.
  func pack(
    _ block: Block, group: Int, weight: UnsafePointer<Float>, bias: UnsafePointer<Float>?,
    packedWeights: UnsafeMutablePointer<Float>, packedBiases: UnsafeMutablePointer<Float>?,
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
    if let bias, let packedBiases {
      for line in block.lines {
        packedBiases[group * lines.count + line] = bias[group * outputChannels + lines[line].channel]
      }
    }
    var offsets: [Int] = []
    for pass in passes[block.passes] {
      let columnTaps = horizontal.phases[pass.horizontalPhase]
      offsets.removeAll(keepingCapacity: true)
      for line in pass.lines {
        let member = line / outputChannels - pass.segment.members.lowerBound
        for row in pass.segment.kernelIndices[member] {
          for column in columnTaps {
            offsets.append(
              line % outputChannels * outputStride + row * extents.horizontal.kernel + column.kernelIndex)
          }
        }
      }
      offsets.withUnsafeBufferPointer { offsets in
        var packing = ck_packing(
          source: weight + group * extents.weightsPerGroup, channelStride: channelStride, offsets: offsets.baseAddress,
          channels: inputChannels, taps: pass.taps.count, outputs: pass.lines.count)
        kernels.pack(&packing, packedWeights + group * weightCount + pass.weightStart)
      }
    }
  }
}
