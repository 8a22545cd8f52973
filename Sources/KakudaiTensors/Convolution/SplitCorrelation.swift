import CKakudaiKernels

/// A correlation that strides, as one of stride 1 over the phases of its input, each a set of channels of its own, for which
/// Winograd's algorithm exists: the gradient of the input of `convTranspose2d` with k4 s2 takes 25 products in place of 64.
///
/// Only gradients use it: rows of networks that are streamed are not split.
struct SplitCorrelation {
  private struct Axis {
    var phases: [WinogradGradientAxis.Phase]
    var stride: Int
    var taps: Int
    /// Samples of one phase that the taps meet.
    var length: Int
    let fineLength: Int

    /// - Returns: `nil` unless all phases have two or three taps: a tap that is missing would multiply infinities by 0.
    init?(_ extents: ConvolutionExtents.Axis) {
      guard extents.stride > 1, let axis = WinogradGradientAxis(extents),
        axis.phases.allSatisfy({ !$0.kernelIndices.contains(nil) })
      else { return nil }
      (phases, stride, taps, fineLength) = (axis.phases, axis.stride, axis.taps, axis.fineLength)
      length = axis.coarseLength + axis.taps - 1
    }

    var extents: ConvolutionExtents.Axis {
      .init(coarseLength: length - taps + 1, fineLength: length, kernel: taps, stride: 1, dilation: 1, padding: 0)
    }

    /// The samples of a phase that lie in the picture.
    func present(_ phase: Int) -> Range<Int> {
      let first = phases[phase].first
      let end = (fineLength - first + stride - 1) / stride
      let start = first < 0 ? (-first + stride - 1) / stride : 0
      return min(start, length)..<max(min(start, length), min(end, length))
    }
  }

  let extents: ConvolutionExtents
  /// Of the correlation of stride 1.
  let splitExtents: ConvolutionExtents
  private let vertical: Axis
  private let horizontal: Axis

  /// - Returns: `nil` for what cannot be split.
  init?(_ extents: ConvolutionExtents) {
    guard let vertical = Axis(extents.vertical), let horizontal = Axis(extents.horizontal),
      vertical.taps == horizontal.taps
    else { return nil }
    (self.extents, self.vertical, self.horizontal) = (extents, vertical, horizontal)
    splitExtents = ConvolutionExtents(
      batch: extents.batch, groups: extents.groups, coarseChannels: extents.coarseChannels,
      fineChannels: extents.fineChannels * vertical.phases.count * horizontal.phases.count,
      vertical: vertical.extents, horizontal: horizontal.extents)
  }

  private var phases: Int { vertical.phases.count * horizontal.phases.count }

  /// - Parameter plan: That of `splitExtents`.
  func compute(_ plan: WinogradPlan, input: Tensor, weight: Tensor, shape: Shape, kernels: Kernels) -> Tensor {
    let threads = extents.threads
    return WinogradConvolution(
      plan, weight: split(weight: weight, kernels: kernels), bias: nil, epilogue: .none, threads: threads,
      kernels: kernels
    ).compute(split(input: input, threads: threads, kernels: kernels), residual: nil, threads: threads, shape: shape)
  }

  /// `(N, C, H, W)` → `(N, groups · phases · C / groups, …)`.
  private func split(input: Tensor, threads: Int, kernels: Kernels) -> Tensor {
    let perGroup = extents.fineChannelsPerGroup
    let plane = vertical.length * horizontal.length
    return Tensor(shape: [extents.batch, splitExtents.fineChannels, vertical.length, horizontal.length]) { output in
      withThreadCount(threads) {
        Parallel.forEach(extents.batch * extents.groups * phases) { range in
          for index in range {
            let (rest, phase) = index.quotientAndRemainder(dividingBy: phases)
            copy(
              phase: phase, from: input.storage.elements + rest * perGroup * extents.finePlane,
              to: output.baseAddress! + index * perGroup * plane, kernels: kernels)
          }
        }
      }
      withExtendedLifetime(input) {}
    }
  }

  /// One phase of the channels of one group.
  private func copy(
    phase: Int, from source: UnsafePointer<Float>, to target: UnsafeMutablePointer<Float>, kernels: Kernels
  ) {
    let (row, column) = phase.quotientAndRemainder(dividingBy: horizontal.phases.count)
    let (rows, columns) = (vertical.present(row), horizontal.present(column))
    let (width, perGroup) = (horizontal.length, extents.fineChannelsPerGroup)
    for channel in 0..<perGroup where rows.count < vertical.length {
      let plane = target + channel * vertical.length * width
      plane.update(repeating: 0, count: rows.lowerBound * width)
      (plane + rows.upperBound * width).update(repeating: 0, count: (vertical.length - rows.upperBound) * width)
    }
    let firstRow = vertical.phases[row].first + rows.lowerBound * vertical.stride
    let firstColumn = horizontal.phases[column].first + columns.lowerBound * horizontal.stride
    guard !rows.isEmpty else { return }
    var rowsCopied = ck_rows(
      source: source + (columns.isEmpty ? 0 : firstRow * horizontal.fineLength + firstColumn),
      sourceChannelStride: extents.finePlane, sourceRowStride: vertical.stride * horizontal.fineLength,
      stride: horizontal.stride, target: target + rows.lowerBound * width,
      targetChannelStride: vertical.length * width, targetRowStride: width, channels: perGroup, rows: rows.count,
      before: columns.lowerBound, count: columns.count, after: width - columns.upperBound)
    kernels.table.pointee.convolution.copyRows(&rowsCopied)
  }

  /// `(coarseChannels, C / groups, k, k)` → `(coarseChannels, phases · C / groups, taps, taps)`; kept with the weight.
  private func split(weight: Tensor, kernels: Kernels) -> Tensor {
    let perGroup = extents.fineChannelsPerGroup
    let taps = vertical.taps
    let key = PackingKey(
      algorithm: .winograd, direction: .correlation, groups: extents.groups, coarseChannels: extents.coarseChannels,
      fineChannels: extents.fineChannels, vertical: .init(extents.vertical), horizontal: .init(extents.horizontal),
      kernels: kernels.name)
    let storage = weight.storage.packing(key) {
      let split = Storage(count: weight.storage.count)
      var target = split.elements
      let kernelIndices = vertical.phases.flatMap { row in
        horizontal.phases.map { column in
          row.kernelIndices.flatMap { row in column.kernelIndices.map { row! * extents.horizontal.kernel + $0! } }
        }
      }
      for coarse in 0..<extents.coarseChannels {
        for phase in kernelIndices {
          for channel in 0..<perGroup {
            let source = weight.storage.elements + (coarse * perGroup + channel) * extents.kernelArea
            for index in phase.indices { target[index] = source[phase[index]] }
            target += phase.count
          }
        }
      }
      return split
    }
    return Tensor(shape: [extents.coarseChannels, phases * perGroup, taps, taps], storage: storage)
  }
}
