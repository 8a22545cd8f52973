import CKakudaiKernels

extension WinogradPlan {
  /// The transformed weights of all groups: for each vertical phase, chunk, horizontal phase (in their order in a
  /// tile), point and block of outputs, `(input channel, output)`; where lanes are channels, a chunk is one block.
  ///
  /// - Parameter weight: `(coarseChannels, fineChannels / groups, kernel height, kernel width)`.
  func packed(_ weight: Tensor, threads: Int, kernels: Kernels) -> Storage {
    weight.storage.packing(packingKey(kernels: kernels)) {
      let packed = Storage(count: weightsPerGroup * extents.groups)
      withThreadCount(threads) {
        Parallel.forEach(extents.groups * vertical.phases.count * chunks.count) { range in
          for index in range {
            let (rest, chunk) = index.quotientAndRemainder(dividingBy: chunks.count)
            let (group, phase) = rest.quotientAndRemainder(dividingBy: vertical.phases.count)
            pack(
              UnsafePointer(weight.storage.elements) + group * extents.weightsPerGroup, phase: phase, chunk: chunk,
              to: packed.elements + weightStart(group: group, phase: phase, chunk: chunk),
              kernels: kernels.table.pointee.winograd)
          }
        }
      }
      withExtendedLifetime(weight) {}
      return packed
    }
  }

  func weightStart(group: Int, phase: Int, chunk: Int) -> Int {
    let earlier = (0..<phase).reduce(0) { $0 + weightCount(phase: $1) }
    return group * weightsPerGroup + earlier
      + weightCount(phase: phase) / outputChannels * chunks[chunk].lowerBound
  }

  private func packingKey(kernels: Kernels) -> PackingKey {
    PackingKey(
      .winograd, direction, extents, layout: [vertical.tile, channelsPerVector] + horizontal.order, kernels: kernels)
  }

  private func pack(
    _ weight: UnsafePointer<Float>, phase: Int, chunk: Int, to packed: UnsafeMutablePointer<Float>,
    kernels: ck_winograd_kernels
  ) {
    let (channelStride, outputStride) = extents.weightStrides(direction)
    let outputs = chunks[chunk]
    let blocks = (outputs.count + outputBlock - 1) / outputBlock
    var packed = packed
    for column in horizontal.order {
      let wanted = wantedPoints[phase][column]
      let pointStride = transformedChannels * outputs.count
      for block in 0..<blocks {
        let own = outputs.count * block / blocks..<outputs.count * (block + 1) / blocks
        let step = channelsPerVector == 1 ? own.count : outputs.count
        var packed = packed + own.lowerBound * (channelsPerVector == 1 ? transformedChannels : 1)
        for (rows, columns) in inputPhases {
          let offsets = own.flatMap { output in
            vertical.phases[phase].kernelIndices[rows].flatMap { row in
              horizontal.phases[column].kernelIndices[columns].map { column -> Int in
                guard let row, let column else { return .min }  // CK_NOWHERE
                return (outputs.lowerBound + output) * outputStride + row * extents.horizontal.kernel + column
              }
            }
          }
          offsets.withUnsafeBufferPointer { offsets in
            wanted.withUnsafeBufferPointer { wanted in
              var weights = ck_winograd_weights(
                source: weight, channelStride: channelStride, offsets: offsets.baseAddress, channels: inputChannels,
                outputs: own.count, taps: vertical.taps, tileRows: vertical.tile, wanted: wanted.baseAddress,
                wantedCount: wanted.count, pointStride: pointStride, channelStep: step)
              kernels.packTransformed(&weights, packed)
            }
          }
          packed += inputChannels * step
        }
      }
      packed += wanted.count * pointStride
    }
  }
}
