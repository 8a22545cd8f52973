import CKakudaiKernels

/// How a correlation or a transposed one of few outputs is computed by its definition, each sample read where it stands, and once.
///
/// Each element of the kernel, at row `i` and column `j`, makes of each output channel `o` a *line* of each row of the input,
/// without a shift between samples and sums:
///
///     line[o, i, j][x] = Σ over input channels c of weight(o, c, i, j) · input[c][x]
///
/// and rows of the output are sums of lines that overlap, those of the taps of its phases:
///
///     output[o][y][x] = bias[o] + Σ over taps (i, j), in their order, of line[o, i, j] of row (y's position + offset of i) at
///     (x's position + offset of j)
///
/// This is the product with a matrix followed by *col2im* of other libraries, but row by row. Kernels that shift
/// samples have few sums to keep in registers where there are few outputs, and read each sample for each row of outputs; lines fill
/// the registers, and all of a tile are computed before the next tile of samples is read. Every line and every sum has
/// one order, so that no cut changes a bit.
final class OverlapAddPlan: Sendable {
  let direction: CorrelationPlan.Direction
  let extents: ConvolutionExtents
  let vertical: AxisPhases
  let horizontal: AxisPhases
  let inputChannels: Int
  let outputChannels: Int

  /// - Returns: `nil` for what has no such algorithm.
  init?(_ direction: CorrelationPlan.Direction, _ extents: ConvolutionExtents) {
    (vertical, horizontal) = extents.phases(direction)
    (inputChannels, outputChannels) = extents.channelsPerGroup(direction)
    (self.direction, self.extents) = (direction, extents)
    guard extents.groups == 1, vertical.readStride == 1, horizontal.readStride == 1, extents.kernelArea > 1 else {
      return nil
    }
  }

  var outputSize: PerAxis { PerAxis(height: vertical.outputLength, width: horizontal.outputLength) }
  /// Of one row of the input; those of an output channel follow each other as its weights do.
  var lines: Int { outputChannels * extents.kernelArea }
  /// Rows of the input whose lines are held: those that one row of the output may need.
  var rowsHeld: Int { vertical.reach + 1 }

  /// For each block of lines that one kernel call computes together: `(input channel, line)`.
  func packed(_ weight: Tensor, kernels: Kernels) -> Storage {
    let convolution = kernels.table.pointee.convolution
    let (channelStride, outputStride) = extents.weightStrides(direction)
    let blocks = (lines + convolution.outputBlock - 1) / convolution.outputBlock
    return weight.storage.packing(PackingKey(.overlapAdd, direction, extents, kernels: kernels)) {
      let packed = Storage(count: lines * inputChannels)
      for block in 0..<blocks {
        let own = lines * block / blocks..<lines * (block + 1) / blocks
        let offsets = own.map { $0 / extents.kernelArea * outputStride + $0 % extents.kernelArea }
        offsets.withUnsafeBufferPointer { offsets in
          var packing = ck_packing(
            source: weight.storage.elements, channelStride: channelStride, offsets: offsets.baseAddress,
            channels: inputChannels, taps: 1, sums: offsets.count)
          convolution.pack(&packing, packed.elements + own.lowerBound * inputChannels)
        }
      }
      withExtendedLifetime(weight) {}
      return packed
    }
  }
}
