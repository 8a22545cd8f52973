import CKakudaiKernels

/// All that the layout of packed weights depends on, beside the weights themselves.
struct PackingKey: Hashable, Sendable {
  struct Axis: Hashable {
    var kernel: Int
    var stride: Int
    var dilation: Int
    var padding: Int

    init(_ axis: ConvolutionExtents.Axis) {
      (kernel, stride, dilation, padding) = (axis.kernel, axis.stride, axis.dilation, axis.padding)
    }
  }

  var algorithm: ConvolutionAlgorithm
  var direction: CorrelationPlan.Direction
  var groups: Int
  var coarseChannels: Int
  var fineChannels: Int
  var vertical: Axis
  var horizontal: Axis
  /// What else the lengths of the axes decide.
  var layout: [Int]
  var kernels: String

  init(
    _ algorithm: ConvolutionAlgorithm, _ direction: CorrelationPlan.Direction, _ extents: ConvolutionExtents,
    layout: [Int] = [], kernels: Kernels
  ) {
    (self.algorithm, self.direction, self.layout, self.kernels) = (algorithm, direction, layout, kernels.name)
    (groups, coarseChannels, fineChannels) = (extents.groups, extents.coarseChannels, extents.fineChannels)
    (vertical, horizontal) = (Axis(extents.vertical), Axis(extents.horizontal))
  }
}

extension CorrelationPlan {
  func packingKey(kernels: Kernels) -> PackingKey {
    PackingKey(.direct, direction, extents, layout: [blocks.count], kernels: kernels)
  }

  /// Lays the weights of one block of one group out for the kernel.
  ///
  /// - Parameter weight: `(coarseChannels, fineChannels / groups, kernel height, kernel width)`, all groups.
  func pack(
    _ block: Block, group: Int, weight: UnsafePointer<Float>, packedWeights: UnsafeMutablePointer<Float>,
    kernels: ck_convolution_kernels
  ) {
    let (channelStride, outputStride) = extents.weightStrides(direction)
    var offsets: [Int] = []
    for pass in passes[block.passes] {
      offsets.removeAll(keepingCapacity: true)
      for sum in sums[pass.sums] {
        let line = lines[block.lines.lowerBound + Int(sum.output)]
        for tap in taps[pass.taps] {
          let row = vertical.kernelIndex(tap.row.sample, phase: line.phase)
          let column = horizontal.kernelIndex(tap.column.sample, phase: Int(sum.phase))
          offsets.append(line.channel * outputStride + row * extents.horizontal.kernel + column)
        }
      }
      offsets.withUnsafeBufferPointer { offsets in
        var packing = ck_packing(
          source: weight + group * extents.weightsPerGroup, channelStride: channelStride, offsets: offsets.baseAddress,
          channels: inputChannels, taps: pass.taps.count, sums: pass.sums.count)
        kernels.pack(&packing, packedWeights + group * weightCount + pass.weightStart)
      }
    }
  }
}
