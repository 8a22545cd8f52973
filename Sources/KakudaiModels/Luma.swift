public import KakudaiTensors

/// ITU-R BT.601 with luma from 16 to 235, the convention of the published super-resolution results; all values in 0…1 of 255.
private let matrix: [Float] = [65.481, 128.553, 24.966, -37.797, -74.203, 112, 112, -93.786, -18.214].map { $0 / 255 }
private let offset: [Float] = [16, 128, 128].map { $0 / 255 }
private let inverse: [Float] = [
  0.00456621, 0, 0.00625893, 0.00456621, -0.00153632, -0.00318811, 0.00456621, 0.00791071, 0,
].map { $0 * 255 }
private let inverseOffset = (0..<3).map { row in
  Float(-(0..<3).reduce(0.0) { $0 + Double(inverse[3 * row + $1]) * Double(offset[$1]) })
}

/// Luma and two colour differences of red, green and blue; both `(N, 3, H, W)`.
public func lumaAndChroma(ofRGB rgb: Tensor) -> Tensor {
  conv2d(rgb, Tensor(matrix, shape: [3, 3, 1, 1]), Tensor(offset))
}

/// The inverse of `lumaAndChroma(ofRGB:)`.
public func rgb(ofLumaAndChroma lumaAndChroma: Tensor) -> Tensor {
  conv2d(lumaAndChroma, Tensor(inverse, shape: [3, 3, 1, 1]), Tensor(inverseOffset))
}

/// The luma of a grey picture, whose black is 0 and white 1.
public func luma(ofGrey grey: Tensor) -> Tensor { grey * (219 / 255) + 16 / 255 }

/// The inverse of `luma(ofGrey:)`.
public func grey(ofLuma luma: Tensor) -> Tensor { (luma - 16 / 255) * (255 / 219) }

/// What the published protocol measures of a picture, `(N, 1 or 3, H, W) → (N, 1, H, W)`: its luma, not rounded; a grey picture
/// is its own luma.
public func protocolLuma(of picture: Tensor) -> Tensor {
  picture.shape[1] == 1 ? picture : lumaAndChroma(ofRGB: picture).sliced(1, 0..<1)
}
