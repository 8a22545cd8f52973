import CKakudaiKernels

extension Tensor {
  /// The sum of each channel over the batch and all pixels: the gradient of a bias, `(C)`.
  ///
  /// In Double, always in the same order.
  func channelSums() -> Tensor {
    let channels = shape[-3]
    let plane = shape[-2] * shape[-1]
    let images = rank == 4 ? shape[0] : 1
    let kernels = Kernels.current.pointwise
    return Tensor(shape: [channels]) { sums in
      Parallel.forEach(channels, minimumPerThread: max(1, 262_144 / max(1, plane * images))) { range in
        for channel in range {
          sums[channel] = Float(
            (0..<images).reduce(0.0) { $0 + kernels.sum(storage.elements + ($1 * channels + channel) * plane, plane) })
        }
      }
      withExtendedLifetime(storage) {}
    }
  }
}
