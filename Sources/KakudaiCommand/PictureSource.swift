import Foundation
import KakudaiImages
import KakudaiTensors

/// The rows of a picture from the top to the bottom, the colours under transparency taken from what is visible nearby.
final class PictureSource {
  let path: String
  let layout: ImageLayout
  let metadata: ImageMetadata?
  let decodesWhole: Bool
  /// The brightest colour so far.
  private(set) var brightest: Float = 0
  private var reader: ImageReader
  private var isAtTop = true
  /// Of standard input, which can be read only once.
  private let contents: [UInt8]?
  private var bleeding: ColourUnderAlpha?
  /// A band of rows from which the next ones are taken, where there is alpha.
  private var band: [Float] = []
  private var bandRange = 0..<0

  /// - Parameter path: A file, or "-" for standard input.
  init(_ path: String) throws {
    self.path = path == "-" ? "standard input" : path
    contents = path == "-" ? Array(FileHandle.standardInput.readDataToEndOfFile()) : nil
    reader = try Self.open(self.path, contents)
    (layout, metadata, decodesWhole) = (reader.layout, reader.metadata, reader.decodesWhole)
  }

  private static func open(_ path: String, _ contents: [UInt8]?) throws -> ImageReader {
    try contents.map { try ImageReader(bytes: $0, path: path) } ?? ImageReader(contentsOf: path)
  }

  /// Reads a picture with alpha once to its end, to see what is visible.
  func survey() throws {
    guard layout.hasAlpha else { return }
    var bleeding = ColourUnderAlpha(layout)
    for top in stride(from: 0, to: layout.height, by: ColourUnderAlpha.bandRows) {
      try readBand(from: top)
      band.withUnsafeBufferPointer { bleeding.survey($0, rows: bandRange.count) }
    }
    bleeding.finishSurvey()
    self.bleeding = bleeding
    try rewind()
  }

  private func rewind() throws {
    reader = try Self.open(path, contents)
    (bandRange, isAtTop) = (0..<0, true)
  }

  private func readBand(from top: Int) throws {
    bandRange = top..<min(top + ColourUnderAlpha.bandRows, layout.height)
    let length = bandRange.count * layout.width * layout.channels
    if band.count < length { band = [Float](repeating: 0, count: length) }
    try band.withUnsafeMutableBufferPointer { try reader.read(rows: bandRange.count, into: $0) }
  }

  /// Reads the next rows, or the first ones again, one plane of them for each channel, alpha last.
  func read(_ rows: Range<Int>, into planes: UnsafeMutableBufferPointer<Float>) throws {
    if rows.lowerBound == 0 && !isAtTop { try rewind() }
    isAtTop = false
    if let bleeding {
      for (index, y) in rows.enumerated() {
        if !bandRange.contains(y) {
          try readBand(from: y)
          band.withUnsafeMutableBufferPointer { bleeding.spread($0, top: y, rows: bandRange.count) }
        }
        for channel in 0..<layout.channels {
          let source = (channel * bandRange.count + y - bandRange.lowerBound) * layout.width
          let target = (channel * rows.count + index) * layout.width
          _ = planes[target..<target + layout.width].update(fromContentsOf: band[source..<source + layout.width])
        }
      }
    } else {
      try reader.read(rows: rows.count, into: planes)
    }
    brightest = planes[..<(rows.count * layout.width * layout.colours)].reduce(brightest, Swift.max)
  }

  /// The middle of the first rows, `(1, channels, H, W)`, colours under transparency as they stand in the file.
  func topRows(_ size: PerAxis) throws -> Tensor {
    var failure: (any Error)?
    let rows = Tensor(shape: [1, layout.channels, size.height, layout.width]) { planes in
      do { try read(0..<size.height, into: planes) } catch { failure = error }
    }
    if let failure { throw failure }
    let left = (layout.width - size.width) / 2
    return rows.sliced(3, left..<left + size.width)
  }

  /// About how many bytes reading takes.
  var memory: Int {
    let pixel = layout.channels * layout.bitsPerSample / 8
    let rows = decodesWhole ? layout.height : 256
    return (contents?.count ?? 0) + rows * layout.width * pixel
      + (layout.hasAlpha ? 3 * 4 * ColourUnderAlpha.bandRows * layout.width * layout.channels : 0)
  }
}
