public import KakudaiTensors

/// Random crops of pictures, turned and mirrored: the batch of a step follows from the seed and the step alone, so that a
/// training that is resumed sees what an uninterrupted one would have seen.
public struct CropSource: Sendable {
  private let pictures: [SuperResolutionPicture]
  /// Pixels of the small pictures up to and including each, so that every pixel is equally likely.
  private let cumulativePixels: [Int]
  private let scale: Int
  private let channels: Int
  private let side: Int
  private let batch: Int
  private let seed: UInt64
  private let degradation: Degradation
  private let candidates: Int

  /// Small pixels by which what is degraded is wider than the crop cut out of it, so that the blocks of JPEG begin anywhere and
  /// no border shows.
  private static func margin(_ degradation: Degradation) -> Int { degradation == .photo ? 16 : 0 }
  private var margin: Int { Self.margin(degradation) }

  /// - Parameters:
  ///   - side: Height and width of a crop at the small size; smaller pictures are left out.
  ///   - channels: 1 for luma, 3 for RGB.
  ///   - candidates: Crops drawn for each that is used, which is the one with the most detail: there is more to learn from it.
  /// - Returns: `nil` where no picture is large enough.
  public init?(
    _ pictures: [SuperResolutionPicture], side: Int, batch: Int, channels: Int, seed: UInt64,
    degradation: Degradation = .bicubic, candidates: Int = 1
  ) {
    self.degradation = degradation
    self.candidates = max(1, candidates)
    let needed = side + Self.margin(degradation)
    self.pictures = pictures.filter { min($0.height, $0.width) >= needed }
    guard let first = self.pictures.first else { return nil }
    var total = 0
    cumulativePixels = self.pictures.map {
      total += $0.height * $0.width
      return total
    }
    (scale, self.side, self.batch, self.channels, self.seed) = (first.scale, side, batch, channels, seed)
  }

  /// `(batch, channels, side, side)` and `(batch, channels, scale·side, scale·side)`.
  public func batch(step: Int) -> (small: Tensor, large: Tensor) {
    var generator = RandomGenerator(seed: seed &* 0x9E37_79B9_7F4A_7C15 &+ UInt64(step))
    let crops = (0..<batch).map { _ in
      let drawn = (0..<candidates).map { _ in crop(using: &generator) }
      return drawn.map { (crop: $0, detail: $0.detail(side: side + margin)) }.max { $0.detail < $1.detail }!.crop
    }
    switch degradation {
    case .bicubic:
      return (
        colours(planes(of: crops, \.small, scale: 1), channels: channels),
        colours(planes(of: crops, \.large, scale: scale), channels: channels)
      )
    case .photo:
      let pairs = crops.map { crop in
        var own = RandomGenerator(seed: generator.next())
        return degraded(planes(of: [crop], \.large, scale: scale), using: &own)
      }
      return (concatenate(pairs.map(\.small), axis: 0), concatenate(pairs.map(\.large), axis: 0))
    }
  }

  private func crop(using generator: inout RandomGenerator) -> Crop {
    let pixel = generator.nextIndex(below: cumulativePixels.last!)
    let index = cumulativePixels.partitioningIndex { $0 > pixel }
    let picture = pictures[index]
    return Crop(
      picture: picture, top: generator.nextIndex(below: picture.height - side - margin + 1),
      left: generator.nextIndex(below: picture.width - side - margin + 1),
      symmetry: generator.nextIndex(below: BytePlanes.symmetries))
  }

  /// A crop of `large`, which is wider by the margin, and of what a random degradation leaves of it.
  private func degraded(_ large: Tensor, using generator: inout RandomGenerator) -> (small: Tensor, large: Tensor) {
    let degradation = PhotoDegradation(scale: scale, using: &generator)
    let small = degradation(large, scale: scale, using: &generator)
    // A quarter of the margin at least stays on each side; between, all phases of the blocks of JPEG are possible.
    let (top, left) = (margin / 4 + generator.nextIndex(below: 8), margin / 4 + generator.nextIndex(below: 8))
    func crop(_ picture: Tensor, _ scale: Int) -> Tensor {
      let rows = picture.sliced(2, top * scale..<(top + side) * scale)
      return colours(rows.sliced(3, left * scale..<(left + side) * scale), channels: channels)
    }
    return (crop(small, 1), crop(large, scale))
  }

  private struct Crop {
    var picture: SuperResolutionPicture
    var top: Int
    var left: Int
    var symmetry: Int

    /// How much neighbouring pixels differ at the small size, in all (in the first channel).
    func detail(side: Int) -> Int {
      let plane = picture.small
      return plane.bytes.withUnsafeBufferPointer { bytes in
        var sum = 0
        for row in top..<top + side - 1 {
          let start = bytes.baseAddress! + row * plane.width + left
          for column in 0..<side - 1 {
            let pixel = Int(start[column])
            sum += abs(pixel - Int(start[column + 1])) + abs(pixel - Int(start[column + plane.width]))
          }
        }
        return sum
      }
    }
  }

  /// RGB, `(crops, 3, scale·(side + margin), scale·(side + margin))`.
  private func planes(of crops: [Crop], _ planes: KeyPath<SuperResolutionPicture, BytePlanes>, scale: Int) -> Tensor {
    let side = (self.side + margin) * scale
    return Tensor(shape: [crops.count, 3, side, side]) { elements in
      for (index, crop) in crops.enumerated() {
        let source = crop.picture[keyPath: planes]
        for channel in 0..<3 {
          source.copySquare(
            top: crop.top * scale, left: crop.left * scale, side: side, symmetry: crop.symmetry,
            channel: min(channel, source.channels - 1), to: elements.baseAddress! + (index * 3 + channel) * side * side)
        }
      }
    }
  }
}

extension Array {
  /// The first index at which `predicate` holds, which must hold from there on.
  fileprivate func partitioningIndex(_ predicate: (Element) -> Bool) -> Int {
    var (low, high) = (0, count)
    while low < high {
      let middle = (low + high) / 2
      if predicate(self[middle]) { high = middle } else { low = middle + 1 }
    }
    return low
  }
}
