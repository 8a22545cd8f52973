import CKakudaiImages

/// Writes a picture row by row, in memory that does not grow with its height (but for WebP, whose encoder keeps it whole).
///
/// The file appears under its name when `finish` returns, or not at all. Formats without alpha get it laid over white, those
/// without 16 bits get 8.
public final class ImageWriter {
  public let path: String
  /// What is really written: the format may hold fewer bits.
  public let layout: ImageLayout
  private let file: OutputFile
  private var writer: OpaquePointer?
  private var bytes: [UInt8] = []
  private var rowsWritten = 0

  /// - Parameters:
  ///   - format: By the extension of `path` where it is `nil`.
  ///   - quality: From 1 to 100, for JPEG and WebP.
  public init(
    path: String, format: ImageFormat? = nil, layout: ImageLayout, quality: Int = 90, metadata: ImageMetadata? = nil
  ) throws(ImageError) {
    guard let format = format ?? ImageFormat(fileName: path) else { throw .unknownFormat(path: path) }
    guard layout.width > 0 && layout.height > 0 && max(layout.width, layout.height) <= format.largestSide else {
      throw .tooLarge(path: path, format: format, width: layout.width, height: layout.height)
    }
    self.path = path
    var written = layout
    if !format.holds16Bits { written.bitsPerSample = 8 }
    self.layout = written
    let file = try OutputFile(path: path)
    self.file = file
    let opened = withShimMessage { message in
      ki_writer_open(file.descriptor, format.identifier, written.shim, Int32(quality), metadata?.fields, message)
    }
    guard let writer = opened.result else { throw .unwritable(path: path, reason: opened.message) }
    self.writer = writer
  }

  deinit { cancel() }

  /// About how many bytes encoding a picture takes.
  public static func memory(_ layout: ImageLayout, format: ImageFormat) -> Int {
    ki_writer_memory(layout.shim, format.identifier)
  }

  /// Writes the next rows: numbers in 0…1, one plane of `rows` × width for each channel, alpha last. Others are clamped.
  ///
  /// - Throws: also when one is not a number, which would be written as black.
  public func write(rows: Int, from planes: UnsafeBufferPointer<Float>) throws(ImageError) {
    precondition(
      rows > 0 && rowsWritten + rows <= layout.height && planes.count >= rows * layout.width * layout.channels)
    let length = rows * layout.bytesPerRow
    if bytes.count < length { bytes = [UInt8](repeating: 0, count: length) }
    let isPicture = bytes.withUnsafeMutableBytes { bytes in
      layout.bitsPerSample == 8
        ? interleave(planes, largest: 255, rows: rows, into: bytes.bindMemory(to: UInt8.self))
        : interleave(planes, largest: 65535, rows: rows, into: bytes.bindMemory(to: UInt16.self))
    }
    guard isPicture else {
      cancel()
      throw .notAPicture("\(path): rows from \(rowsWritten) on hold values that are not numbers")
    }
    let (status, message) = withShimMessage { message in
      bytes.withUnsafeBytes { ki_writer_rows(writer, $0.baseAddress, Int32(rows), message) }
    }
    guard status == 0 else {
      cancel()
      throw .unwritable(path: path, reason: message)
    }
    rowsWritten += rows
  }

  /// Ends the file and gives it its name.
  public func finish() throws(ImageError) {
    precondition(rowsWritten == layout.height)
    let (status, message) = withShimMessage { ki_writer_close(writer, $0) }
    writer = nil
    if let reason = status == 0 ? file.publish() : message { throw .unwritable(path: path, reason: reason) }
  }

  /// Ends without a file.
  private func cancel() {
    guard let writer else { return }
    _ = withShimMessage { ki_writer_close(writer, $0) }
    self.writer = nil
  }

  /// Whether all values were numbers.
  private func interleave<Sample: FixedWidthInteger>(
    _ planes: UnsafeBufferPointer<Float>, largest: Float, rows: Int, into samples: UnsafeMutableBufferPointer<Sample>
  ) -> Bool {
    let (channels, pixels) = (layout.channels, rows * layout.width)
    for channel in 0..<channels {
      for pixel in 0..<pixels {
        let value = planes[channel * pixels + pixel]
        guard !value.isNaN else { return false }
        // By Int32, as generic conversions take longer than all else here.
        samples[pixel * channels + channel] =
          Sample(truncatingIfNeeded: Int32(min(max(value, 0), 1) * largest + 0.5))
      }
    }
    return true
  }
}
