package import KakudaiTensors

/// Runs `body` once with the kernels of every instruction set this machine has.
package func withEveryKernelTable(_ body: (Kernels) throws -> Void) rethrows {
  for kernels in Kernels.available {
    try Kernels.$current.withValue(kernels) { try body(kernels) }
  }
}
