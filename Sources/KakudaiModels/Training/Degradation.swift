import KakudaiTensors

/// How the small pictures of a training come from the large ones.
public enum Degradation: String, Hashable, Sendable, CaseIterable {
  /// As MATLAB reduces them: the published protocol, for small pictures that are clean.
  case bicubic
  /// As cameras and web sites do: blurred, reduced, noisy and compressed, at random.
  case photo
}

extension SuperResolutionPicture {
  /// The same large picture with a small one that `seed` determines.
  public func degraded(seed: UInt64) -> SuperResolutionPicture {
    var generator = RandomGenerator(seed: seed)
    let degradation = PhotoDegradation(scale: scale, using: &generator)
    let small = degradation(colours(large.tensor, channels: 3), scale: scale, using: &generator)
    return SuperResolutionPicture(scale: scale, large: large, small: BytePlanes(small))
  }
}
