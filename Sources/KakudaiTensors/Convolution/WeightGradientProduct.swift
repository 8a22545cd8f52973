import CKakudaiKernels

/// The gradient of a weight whose maps are small, as a product of matrices:
/// `gradient[o][(i, k)] = Σ_(n, t) coarse[n][o][t] · unfolded[(n, t)][(i, k)]`, where a row of `unfolded` is what the kernel
/// sees at position `t` of image `n`.
///
/// Sums run along the vectors' lanes in `WeightGradientPlan`, which short rows do not fill; here lanes are weights. Unfolding
/// costs as much as a few output channels, so there should be many.
struct WeightGradientProduct {
  let extents: ConvolutionExtents
  let kernels: ck_convolution_kernels
  let unfold: @convention(c) (UnsafePointer<ck_unfolding>?) -> Void

  /// Whether this is faster than `WeightGradientPlan`.
  static func suits(_ extents: ConvolutionExtents) -> Bool {
    extents.coarseChannelsPerGroup >= 64 && extents.horizontal.coarseLength <= 16 && extents.coarsePlane <= 256
      && extents.batch * extents.coarsePlane <= 8192
  }

  /// Terms of each sum.
  private var terms: Int { extents.batch * extents.coarsePlane }

  /// Fine channels unfolded together: as many as fit the second-level cache, but at least what fills a kernel's tile.
  private var panelChannels: Int {
    let fitting = 131_072 / max(1, terms * extents.kernelArea)
    let filling = (kernels.pixelBlock + extents.kernelArea - 1) / extents.kernelArea
    return min(max(fitting, filling), extents.fineChannelsPerGroup)
  }

  private var panels: Int { (extents.fineChannelsPerGroup + panelChannels - 1) / panelChannels }

  /// An odd number of cache lines, so that the rows of one column do not all fall into the same cache set.
  private var panelStride: Int { ((panelChannels * extents.kernelArea + 15) / 16 | 1) * 16 }

  /// Coarse channels that one kernel call computes.
  private var blocks: [Range<Int>] {
    let (channels, most) = (extents.coarseChannelsPerGroup, kernels.outputBlock)
    let count = (channels + most - 1) / most
    return (0..<count).map { channels * $0 / count..<channels * ($0 + 1) / count }
  }

  /// Writes the whole gradient, in parallel.
  func compute(coarse: Tensor, fine: Tensor, into gradient: UnsafeMutablePointer<Float>, streams: Bool) {
    let blocks = blocks
    let packed = packed(coarse, blocks)
    Parallel.forEach(extents.groups * panels) { tasks in
      let panel = Storage(count: terms * panelStride)
      let scratch = Storage(count: Int(CK_SCRATCH_PER_PHASE))
      for task in tasks {
        let (group, index) = task.quotientAndRemainder(dividingBy: panels)
        let channels = index * panelChannels..<min((index + 1) * panelChannels, extents.fineChannelsPerGroup)
        fill(panel.elements, from: fine.storage.elements, group: group, channels: channels)
        for block in blocks {
          let first = group * extents.coarseChannelsPerGroup + block.lowerBound
          multiply(
            block, packed: packed.elements + first * terms, panel: panel.elements,
            columns: channels.count * extents.kernelArea,
            into: gradient + (first * extents.fineChannelsPerGroup + channels.lowerBound) * extents.kernelArea,
            streams: streams, scratch: scratch.elements)
        }
      }
    }
    withExtendedLifetime((fine, packed)) {}
  }

  /// The cotangents or inputs of each block, as `correlate` reads weights: image after image.
  private func packed(_ coarse: Tensor, _ blocks: [Range<Int>]) -> Storage {
    let packed = Storage(count: extents.coarseChannels * terms)
    let plane = extents.coarsePlane
    Parallel.forEach(extents.groups * blocks.count, minimumPerThread: 8) { range in
      for index in range {
        let block = blocks[index % blocks.count]
        let first = index / blocks.count * extents.coarseChannelsPerGroup + block.lowerBound
        let offsets = block.indices.map { ($0 - block.lowerBound) * plane }
        offsets.withUnsafeBufferPointer { offsets in
          for image in 0..<extents.batch {
            var packing = ck_packing(
              source: coarse.storage.elements + (image * extents.coarseChannels + first) * plane, channelStride: 1,
              offsets: offsets.baseAddress, channels: plane, taps: 1, sums: block.count)
            kernels.pack(&packing, packed.elements + first * terms + image * plane * block.count)
          }
        }
      }
    }
    withExtendedLifetime(coarse) {}
    return packed
  }

  private func fill(
    _ panel: UnsafeMutablePointer<Float>, from fine: UnsafePointer<Float>, group: Int, channels: Range<Int>
  ) {
    func axis(_ axis: ConvolutionExtents.Axis) -> ck_unfolded_axis {
      ck_unfolded_axis(
        length: axis.fineLength, positions: axis.coarseLength, kernel: axis.kernel, stride: axis.stride,
        dilation: axis.dilation, padding: axis.padding)
    }
    for image in 0..<extents.batch {
      let first = image * extents.fineChannels + group * extents.fineChannelsPerGroup + channels.lowerBound
      var unfolding = ck_unfolding(
        source: fine + first * extents.finePlane, channelStride: extents.finePlane, channels: channels.count,
        rows: axis(extents.vertical), columns: axis(extents.horizontal),
        target: panel + image * extents.coarsePlane * panelStride, targetStride: panelStride)
      unfold(&unfolding)
    }
  }

  /// Some columns of the gradient of a block of coarse channels.
  private func multiply(
    _ block: Range<Int>, packed: UnsafePointer<Float>, panel: UnsafePointer<Float>, columns: Int,
    into gradient: UnsafeMutablePointer<Float>, streams: Bool, scratch: UnsafeMutablePointer<Float>
  ) {
    let tapOffset = 0
    let sums = block.indices.map { ck_phase_output(phase: 0, output: UInt32($0 - block.lowerBound)) }
    let offsets = block.indices.map { ($0 - block.lowerBound) * extents.fineChannelsPerGroup * extents.kernelArea }
    withUnsafePointer(to: tapOffset) { tap in
      sums.withUnsafeBufferPointer { sums in
        offsets.withUnsafeBufferPointer { offsets in
          var pass = ck_pass(
            weights: packed, tapOffsets: tap, taps: 1, sums: sums.baseAddress, sumCount: block.count, continues: 0)
          withUnsafePointer(to: &pass) { pass in
            var correlation = ck_correlation()
            (correlation.input, correlation.channelStride, correlation.channels) = (panel, panelStride, terms)
            (correlation.passes, correlation.passCount, correlation.phases) = (pass, 1, 1)
            (correlation.outputs, correlation.output) = (block.count, gradient)
            correlation.outputOffsets = offsets.baseAddress
            (correlation.width, correlation.rows) = (columns, 1)
            (correlation.streams, correlation.scratch) = (streams ? 1 : 0, scratch)
            kernels.correlate(&correlation)
          }
        }
      }
    }
  }
}
