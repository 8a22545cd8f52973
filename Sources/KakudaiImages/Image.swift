public import KakudaiTensors

/// A whole picture in memory: colours in 0…1, alpha, and what its file carried.
public struct Image: Sendable {
  /// Grey or RGB, `(1, 1 or 3, H, W)`.
  public var colour: Tensor
  /// Opacity in 0…1, `(1, 1, H, W)`.
  public var alpha: Tensor?
  /// 8 or 16: what the file had, and what is written.
  public var bitsPerSample: Int
  public var metadata: ImageMetadata?

  public var width: Int { colour.shape[3] }
  public var height: Int { colour.shape[2] }

  public init(colour: Tensor, alpha: Tensor? = nil, bitsPerSample: Int = 8, metadata: ImageMetadata? = nil) {
    (self.colour, self.alpha, self.bitsPerSample, self.metadata) = (colour, alpha, bitsPerSample, metadata)
  }

  /// The picture that a network made: `(1, C, H, W)` or `(C, H, W)`, C being 1, 2, 3 or 4 channels with alpha last.
  ///
  /// - Throws: when the shape is no picture's.
  public init(_ tensor: Tensor) throws(ImageError) {
    let shape = tensor.shape
    guard shape.rank == 3 || (shape.rank == 4 && shape[0] == 1), (1...4).contains(shape[-3]), shape.elementCount > 0
    else {
      throw .notAPicture("a picture is (1, C, H, W) or (C, H, W) with 1 to 4 channels, but the tensor is \(shape)")
    }
    let picture = tensor.reshaped(to: [1, shape[-3], shape[-2], shape[-1]])
    let colours = shape[-3] - (shape[-3] + 1) % 2
    self.init(
      colour: picture.sliced(1, 0..<colours), alpha: colours < shape[-3] ? picture.sliced(1, colours..<shape[-3]) : nil)
  }

  /// Reads a picture file.
  public init(contentsOf path: String) throws(ImageError) { try self.init(try ImageReader(contentsOf: path)) }

  /// Reads all rows of a picture.
  public init(_ reader: ImageReader) throws(ImageError) {
    let layout = reader.layout
    var failure: ImageError?
    let planes = Tensor(shape: [1, layout.channels, layout.height, layout.width]) { elements in
      let rows = max(1, min(layout.height, (1 << 20) / max(1, layout.width * layout.channels)))
      let plane = layout.width * layout.height
      withUnsafeTemporaryAllocation(of: Float.self, capacity: rows * layout.width * layout.channels) { band in
        for top in stride(from: 0, to: layout.height, by: rows) {
          let count = min(rows, layout.height - top)
          do throws(ImageError) { try reader.read(rows: count, into: band) } catch {
            failure = error
            return
          }
          for channel in 0..<layout.channels {
            (elements.baseAddress! + channel * plane + top * layout.width).update(
              from: band.baseAddress! + channel * count * layout.width, count: count * layout.width)
          }
        }
      }
    }
    if let failure { throw failure }
    self.init(
      colour: planes.sliced(1, 0..<layout.colours),
      alpha: layout.hasAlpha ? planes.sliced(1, layout.colours..<layout.channels) : nil,
      bitsPerSample: layout.bitsPerSample, metadata: reader.metadata)
  }

  /// Writes a picture file, which appears when it is complete.
  ///
  /// - Parameters:
  ///   - format: By the extension of `path` where it is `nil`.
  ///   - quality: From 1 to 100, for JPEG and WebP.
  public func write(to path: String, format: ImageFormat? = nil, quality: Int = 90) throws(ImageError) {
    let planes = alpha.map { concatenate([colour, $0], axis: 1) } ?? colour
    let layout = ImageLayout(
      width: width, height: height, colours: colour.shape[1], hasAlpha: alpha != nil, bitsPerSample: bitsPerSample)
    let writer = try ImageWriter(path: path, format: format, layout: layout, quality: quality, metadata: metadata)
    let rows = max(1, min(height, (1 << 20) / (width * layout.channels)))
    var band = [Float](repeating: 0, count: rows * width * layout.channels)
    for top in stride(from: 0, to: height, by: rows) {
      let count = min(rows, height - top)
      for channel in 0..<layout.channels {
        planes.withUnsafeBufferPointer { elements in
          for index in 0..<count * width {
            band[channel * count * width + index] = elements[(channel * height + top) * width + index]
          }
        }
      }
      let result = band.withUnsafeBufferPointer { band in
        Result { () throws(ImageError) in try writer.write(rows: count, from: band) }
      }
      try result.get()
    }
    try writer.finish()
  }
}

extension Tensor {
  /// The colours of a picture in 0…1, `(1, 1 or 3, H, W)`; alpha is left out.
  public init(_ image: Image) { self = image.colour }
}
