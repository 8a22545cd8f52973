public import KakudaiTensors

/// A layer or a network: a value that computes one tensor from another.
///
/// A module is a struct, so that a model can be copied, sent to other tasks and trained without shared state.
public protocol Module: Parameterized, Sendable {
  /// Computes the output for `input`, usually pictures `(N, C, H, W)`.
  func callAsFunction(_ input: Tensor) -> Tensor
}
