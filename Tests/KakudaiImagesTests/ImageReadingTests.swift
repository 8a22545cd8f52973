import KakudaiImages
import KakudaiTensors
import TestSupport
import Testing

/// The path of a picture of `Fixtures`.
func fixture(_ name: String) -> String {
  #filePath.split(separator: "/").dropLast().map { "/" + $0 }.joined() + "/Fixtures/" + name
}

/// The colours of one pixel as bytes.
func bytes(_ image: Image, x: Int, y: Int) -> [Int] {
  (0..<image.colour.shape[1]).map { Int((image.colour[0, $0, y, x] * 255).rounded()) }
}

func isNear(_ left: [Int], _ right: [Int], within distance: Int) -> Bool {
  left.count == right.count && zip(left, right).allSatisfy { abs($0 - $1) <= distance }
}

/// One after the other, as libvips keeps the reasons of failures in one place for all threads.
@Suite(.serialized) struct ImageReadingTests {
  @Test(arguments: 1...8) func `a picture is turned upright`(orientation: Int) throws {
    let image = try Image(contentsOf: fixture("orientation-\(orientation).jpg"))
    #expect(image.width == 32 && image.height == 16)
    #expect(isNear(bytes(image, x: 2, y: 2), [220, 30, 30], within: 4))
    #expect(isNear(bytes(image, x: 29, y: 2), [30, 200, 40], within: 4))
    #expect(isNear(bytes(image, x: 2, y: 13), [30, 50, 210], within: 4))
    #expect(isNear(bytes(image, x: 29, y: 13), [250, 250, 250], within: 4))
  }

  @Test func `16 bits stay 16 bits, exactly`() throws {
    let image = try Image(contentsOf: fixture("16-bit.png"))
    #expect(image.bitsPerSample == 16)
    let samples = [0, 1, 65535, 256, 32768, 4660, 1, 2, 3, 4, 5, 6]
    for pixel in 0..<4 {
      for channel in 0..<3 {
        let value = image.colour[0, channel, pixel / 2, pixel % 2]
        #expect((value * 65535).rounded() == Float(samples[pixel * 3 + channel]))
      }
    }
    try withTemporaryFolder { folder in
      try image.write(to: "\(folder)/again.png")
      let again = try Image(contentsOf: "\(folder)/again.png")
      #expect(again.colour == image.colour && again.bitsPerSample == 16)
    }
  }

  @Test func `a palette with transparency becomes colours and alpha`() throws {
    let image = try Image(contentsOf: fixture("palette.png"))
    #expect(bytes(image, x: 0, y: 0) == [255, 0, 0] && bytes(image, x: 1, y: 0) == [0, 255, 0])
    #expect(bytes(image, x: 0, y: 1) == [0, 0, 255] && bytes(image, x: 1, y: 1) == [9, 9, 9])
    #expect(image.alpha?.elements.map { Int(($0 * 255).rounded()) } == [255, 128, 0, 255])
  }

  @Test func `grey with alpha stays grey with alpha`() throws {
    let image = try Image(contentsOf: fixture("grey-alpha.png"))
    #expect(image.colour.shape == [1, 1, 1, 2])
    #expect(bytes(image, x: 0, y: 0) == [100] && bytes(image, x: 1, y: 0) == [200])
    #expect(image.alpha?.elements.map { Int(($0 * 255).rounded()) } == [255, 51])
    try withTemporaryFolder { folder in
      try image.write(to: "\(folder)/again.png")
      let again = try Image(contentsOf: "\(folder)/again.png")
      #expect(again.colour == image.colour && again.alpha == image.alpha)
    }
  }

  @Test func `CMYK becomes the colours it prints`() throws {
    let image = try Image(contentsOf: fixture("cmyk.jpg"))
    #expect(image.colour.shape == [1, 3, 16, 32])
    let (red, green) = (bytes(image, x: 2, y: 2), bytes(image, x: 29, y: 2))
    // Inks give duller colours than the screen's.
    #expect(red[0] > 180 && red[1] < 90 && red[2] < 90, "\(red)")
    #expect(green[1] > 120 && green[1] > green[0] + 40 && green[1] > green[2] + 40, "\(green)")
    #expect(bytes(image, x: 29, y: 13).allSatisfy { $0 > 235 })
  }

  @Test func `a profile of another space is converted, and back when written`() throws {
    let image = try Image(contentsOf: fixture("wide-profile.png"))
    // What LittleCMS gives through Pillow.
    #expect(isNear(bytes(image, x: 1, y: 1), [214, 119, 74], within: 2), "\(bytes(image, x: 1, y: 1))")
    try withTemporaryFolder { folder in
      try image.write(to: "\(folder)/again.png")
      let again = try Image(contentsOf: "\(folder)/again.png")
      #expect(isNear(bytes(again, x: 1, y: 1), bytes(image, x: 1, y: 1), within: 2))
      // The stored samples are those of the wide space, and its profile is there.
      let file = try readBytes("\(folder)/again.png")
      #expect(file.contains(sequence: Array("iCCP".utf8)))
    }
  }

  @Test(arguments: [
    ("truncated.png", "cannot be read as a picture"), ("truncated.jpg", "cannot be read as a picture"),
    ("missing.png", "No such file or directory"), ("README.md", "it is in no format that is known here"),
  ]) func `what is no whole picture is one sentence`(name: String, message: String) {
    let error = #expect(throws: ImageError.self) { try Image(contentsOf: fixture(name)) }
    #expect(error?.description.contains(message) == true, "\(error?.description ?? "")")
    #expect(error?.description.contains("\n") == false)
  }

  @Test func `an empty file, one that ends in its header, a text named png and a folder are one sentence`() throws {
    try withTemporaryFolder { folder in
      try writeBytes(Array(readBytes(fixture("truncated.png")).prefix(40)), to: "\(folder)/header.png")
      #expect(
        throws: ImageError.unreadable(
          path: "\(folder)/header.png", reason: "it ends in its header, or that is damaged")
      ) { try Image(contentsOf: "\(folder)/header.png") }
      try writeBytes([], to: "\(folder)/empty.png")
      try writeBytes(Array("This is no picture.".utf8), to: "\(folder)/text.png")
      #expect(throws: ImageError.unreadable(path: "\(folder)/empty.png", reason: "it is empty")) {
        try Image(contentsOf: "\(folder)/empty.png")
      }
      #expect(
        throws: ImageError.unreadable(path: "\(folder)/text.png", reason: "it is in no format that is known here")
      ) { try Image(contentsOf: "\(folder)/text.png") }
      #expect(throws: ImageError.unreadable(path: folder, reason: "it is a folder")) { try Image(contentsOf: folder) }
      #expect(throws: ImageError.self) { try ImageReader(bytes: [], path: "standard input") }
    }
  }

  @Test func `a table of numbers in text is no picture`() {
    #expect(throws: ImageError.self) { try ImageReader(bytes: Array("2 2\n1 2\n3 4\n".utf8), path: "table.png") }
  }

  /// Whether libvips' packages have a module for AVIF.
  static let hasModule = ["x86_64", "aarch64"].map { "/usr/lib/\($0)-linux-gnu" }.contains { libraries in
    names(in: libraries).contains { folder in
      folder.hasPrefix("vips-modules-") && names(in: "\(libraries)/\(folder)").contains("vips-heif.so")
    }
  }

  @Test(.enabled(if: hasModule, "libvips has no module for AVIF"))
  func `a format of a module is read, which opens it`() throws {
    let image = try Image(contentsOf: fixture("plain.avif"))
    #expect(image.width == 6 && image.height == 5 && isNear(bytes(image, x: 3, y: 2), [200, 40, 90], within: 4))
  }

  @Test func `bytes in memory are read like a file`() throws {
    let path = fixture("palette.png")
    let image = try Image(try ImageReader(bytes: try readBytes(path), path: "standard input"))
    #expect(image.colour == (try Image(contentsOf: path)).colour)
  }
}
