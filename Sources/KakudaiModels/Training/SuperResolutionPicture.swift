import KakudaiInference
public import KakudaiTensors

/// A picture to train or judge with: what it is, and what a network of some scale gets to see of it, both in 8 bits.
///
/// The small picture is made as MATLAB does it, as in the published protocol.
public struct SuperResolutionPicture: Sendable {
  public let scale: Int
  /// Grey or RGB, `channels` planes of bytes.
  let large: BytePlanes
  let small: BytePlanes

  /// - Parameter picture: Colours in 0…1, `(1, 1 or 3, H, W)`; cropped to a multiple of the scale.
  /// - Returns: `nil` where fewer than three small pixels are left along an axis: a border of the scale would leave nothing to judge.
  public init?(_ picture: Tensor, scale: Int) {
    let (height, width) = (picture.shape[2] / scale, picture.shape[3] / scale)
    guard height > 2 && width > 2 else { return nil }
    let cropped = picture.sliced(2, 0..<height * scale).sliced(3, 0..<width * scale)
    self.scale = scale
    large = BytePlanes(cropped)
    small = large.reduced(by: scale)
  }

  public var height: Int { small.height }
  public var width: Int { small.width }
  public var byteCount: Int { large.bytes.count + small.bytes.count }

  /// What the network sees and what it should make of it: colours in 0…1, `(1, 1 or 3, …)`.
  public var tensors: (small: Tensor, large: Tensor) { (small.tensor, large.tensor) }

  /// The pair as tensors with `channels` channels (1: luma): `(1, channels, H, W)` and `(1, channels, scale·H, scale·W)`.
  public func pair(channels: Int) -> (small: Tensor, large: Tensor) {
    (colours(small.tensor, channels: channels), colours(large.tensor, channels: channels))
  }

  /// The same small picture with what a model makes of it as the large one: what a network learns that is taught by the model
  /// (knowledge distillation, Hinton et al. 2015). No network could know what the small picture does not tell, and a larger one
  /// than that which learns has left it out.
  ///
  /// - Throws: when the model cannot enlarge a picture of this size.
  public func taught(by teacher: Upscaler) throws(ModelError) -> SuperResolutionPicture {
    let colours = small.tensor
    let plan = try teacher.plan(for: colours.shape, to: PerAxis(height: large.height, width: large.width))
    return SuperResolutionPicture(scale: scale, large: BytePlanes(plan(colours)), small: small)
  }

  /// The middle of the picture, at most `side` pixels high and wide at the small size.
  public func middle(side: Int) -> SuperResolutionPicture {
    let (rows, columns) = (min(side, height), min(side, width))
    let (top, left) = ((height - rows) / 2, (width - columns) / 2)
    return SuperResolutionPicture(
      scale: scale,
      large: large.cropped(
        top: top * scale, left: left * scale, height: rows * scale, width: columns * scale),
      small: small.cropped(top: top, left: left, height: rows, width: columns))
  }

  init(scale: Int, large: BytePlanes, small: BytePlanes) {
    (self.scale, self.large, self.small) = (scale, large, small)
  }
}

/// Luma for one channel; a grey picture stands for three equal channels.
func colours(_ picture: Tensor, channels: Int) -> Tensor {
  switch (picture.shape[1], channels) {
  case (1, 1): luma(ofGrey: picture)
  case (1, _): concatenate([picture, picture, picture], axis: 1)
  case (_, 1): lumaAndChroma(ofRGB: picture).sliced(1, 0..<1)
  default: picture
  }
}

/// Planes of bytes.
struct BytePlanes: Sendable {
  let channels: Int
  let height: Int
  let width: Int
  let bytes: [UInt8]

  init(channels: Int, height: Int, width: Int, bytes: [UInt8]) {
    (self.channels, self.height, self.width, self.bytes) = (channels, height, width, bytes)
  }

  /// Rounds colours in 0…1, `(1, C, H, W)`.
  init(_ picture: Tensor) {
    let bytes = picture.withUnsafeBufferPointer { elements in
      elements.map { UInt8(min(max($0, 0), 1) * 255 + 0.5) }
    }
    self.init(channels: picture.shape[1], height: picture.shape[2], width: picture.shape[3], bytes: bytes)
  }

  /// Colours in 0…1, `(1, C, H, W)`.
  var tensor: Tensor {
    Tensor(shape: [1, channels, height, width]) { elements in
      for index in bytes.indices { elements[index] = Float(bytes[index]) / 255 }
    }
  }

  func cropped(top: Int, left: Int, height: Int, width: Int) -> BytePlanes {
    var cropped: [UInt8] = []
    cropped.reserveCapacity(channels * height * width)
    for channel in 0..<channels {
      for row in top..<top + height {
        let start = (channel * self.height + row) * self.width + left
        cropped += bytes[start..<start + width]
      }
    }
    return BytePlanes(channels: channels, height: height, width: width, bytes: cropped)
  }

  /// Writes a square of `side` pixels as numbers in 0…1, turned and mirrored by one of the 8 `symmetries` of the square.
  func copySquare(
    top: Int, left: Int, side: Int, symmetry: Int, channel: Int, to target: UnsafeMutablePointer<Float>
  ) {
    // Source rows are read as they lie; `step` leads from pixel to pixel in the target, and `rowStep` from row to row.
    let (mirrorsRows, mirrorsColumns) = (symmetry & 1 != 0, symmetry & 2 != 0)
    let (columnUnit, rowUnit) = symmetry & 4 != 0 ? (side, 1) : (1, side)
    let (step, rowStep) = (mirrorsColumns ? -columnUnit : columnUnit, mirrorsRows ? -rowUnit : rowUnit)
    let origin = (mirrorsColumns ? (side - 1) * columnUnit : 0) + (mirrorsRows ? (side - 1) * rowUnit : 0)
    bytes.withUnsafeBufferPointer { bytes in
      Self.numbers.withUnsafeBufferPointer { numbers in
        for row in 0..<side {
          let source = bytes.baseAddress! + (channel * height + top + row) * width + left
          let start = target + (origin + row * rowStep)
          for column in 0..<side { start[column &* step] = numbers.baseAddress![Int(source[column])] }
        }
      }
    }
  }

  /// What each byte stands for.
  private static let numbers = (0...255).map { Float($0) / 255 }

  static let symmetries = 8
}
