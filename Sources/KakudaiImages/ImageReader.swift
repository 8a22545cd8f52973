import CKakudaiImages

/// Reads a picture row by row, from the top to the bottom, in memory that does not grow with its height.
///
/// Rows come upright (EXIF orientation applied), as sRGB where the picture has another profile or is CMYK, palettes as colours.
/// A picture that must be turned is decoded whole first.
public final class ImageReader {
  public let layout: ImageLayout
  public let metadata: ImageMetadata?
  public let path: String
  /// Whether the whole picture is in memory before the first row comes, because it must be turned, is interlaced, or its format
  /// has no rows.
  public let decodesWhole: Bool
  private let reader: OpaquePointer
  private var nextRow = 0
  private var bytes: [UInt8]
  /// A picture in memory, which the decoder reads as long as it lives.
  private let contents: UnsafeMutableRawBufferPointer?

  public convenience init(contentsOf path: String) throws(ImageError) {
    try self.init(path: path, contents: nil)
  }

  /// Reads a file that is in memory already; `path` names it in messages.
  public convenience init(bytes: [UInt8], path: String) throws(ImageError) {
    let contents = UnsafeMutableRawBufferPointer.allocate(byteCount: max(1, bytes.count), alignment: 16)
    contents.copyBytes(from: bytes)
    do throws(ImageError) {
      guard !bytes.isEmpty else { throw ImageError.unreadable(path: path, reason: "it is empty") }
      try self.init(path: path, contents: contents)
    } catch {
      contents.deallocate()
      throw error
    }
  }

  private init(path: String, contents: UnsafeMutableRawBufferPointer?) throws(ImageError) {
    if contents == nil, let reason = reasonNotToOpen(path) { throw .unreadable(path: path, reason: reason) }
    var layout = ki_layout()
    let opened = withShimMessage { message in
      ki_reader_open(contents == nil ? path : nil, contents?.baseAddress, contents?.count ?? 0, &layout, message)
    }
    guard let reader = opened.result else { throw .unreadable(path: path, reason: opened.message) }
    self.reader = reader
    self.path = path
    self.contents = contents
    self.layout = ImageLayout(layout)
    decodesWhole = ki_reader_decodes_whole(reader) != 0
    metadata = ki_reader_metadata(reader).map { ImageMetadata($0) }
    bytes = []
  }

  deinit {
    ki_reader_close(reader)
    contents?.deallocate()
  }

  /// Reads the next rows as numbers in 0…1, one plane of `rows` × width for each channel, alpha last.
  public func read(rows: Int, into planes: UnsafeMutableBufferPointer<Float>) throws(ImageError) {
    precondition(rows > 0 && nextRow + rows <= layout.height && planes.count >= rows * layout.width * layout.channels)
    let length = rows * layout.bytesPerRow
    if bytes.count < length { bytes = [UInt8](repeating: 0, count: length) }
    let (status, message) = withShimMessage { message in
      bytes.withUnsafeMutableBytes { ki_reader_rows(reader, Int32(nextRow), Int32(rows), $0.baseAddress, message) }
    }
    guard status == 0 else { throw .unreadable(path: path, reason: "row \(nextRow): \(message)") }
    nextRow += rows
    bytes.withUnsafeBytes { bytes in
      if layout.bitsPerSample == 8 {
        separate(bytes.bindMemory(to: UInt8.self), largest: 255, rows: rows, into: planes)
      } else {
        separate(bytes.bindMemory(to: UInt16.self), largest: 65535, rows: rows, into: planes)
      }
    }
  }

  private func separate<Sample: FixedWidthInteger>(
    _ samples: UnsafeBufferPointer<Sample>, largest: Float, rows: Int, into planes: UnsafeMutableBufferPointer<Float>
  ) {
    let (channels, pixels) = (layout.channels, rows * layout.width)
    for channel in 0..<channels {
      for pixel in 0..<pixels {
        planes[channel * pixels + pixel] = Float(samples[pixel * channels + channel]) / largest
      }
    }
  }
}
