import KakudaiImages
import KakudaiTensors
import TestSupport
import Testing

struct ImageWritingTests {
  /// Smooth colours, so that lossy formats come close.
  static let gradient: Image = {
    let (width, height) = (37, 29)
    let values = (0..<3).flatMap { channel in
      (0..<width * height).map { Float(($0 % width) + channel * ($0 / width)) / Float(width + 2 * height) }
    }
    return Image(colour: Tensor(values, shape: [1, 3, height, width]))
  }()

  @Test(arguments: [("x.png", 0.002), ("x.tif", 0.002), ("x.jpg", 0.04), ("x.webp", 0.05)] as [(String, Float)])
  func `what is written is read again`(name: String, tolerance: Float) throws {
    try withTemporaryFolder { folder in
      try Self.gradient.write(to: "\(folder)/\(name)", quality: 95)
      let again = try Image(contentsOf: "\(folder)/\(name)")
      #expect(again.colour.shape == Self.gradient.colour.shape)
      for (left, right) in zip(again.colour.elements, Self.gradient.colour.elements) {
        #expect(abs(left - right) <= tolerance)
      }
      #expect(names(in: folder) == [name])
    }
  }

  /// As in photographs: shades from light to dark, and a little noise.
  @Test(arguments: ["x.png", "x.tif"])
  func `shades take less than half the bytes of their samples`(name: String) throws {
    let (width, height) = (200, 160)
    var generator = RandomGenerator(seed: 1)
    let samples = (0..<3 * width * height).map { index in
      Float((index % width) + index / width % height) / 400 + Float(generator.nextIndex(below: 3)) / 255
    }
    try withTemporaryFolder { folder in
      try Image(colour: Tensor(samples, shape: [1, 3, height, width])).write(to: "\(folder)/\(name)")
      #expect(try readBytes("\(folder)/\(name)").count < samples.count / 2)
    }
  }

  @Test func `a path with spaces, brackets and 日本語, and a picture of one pixel`() throws {
    try withTemporaryFolder { folder in
      let path = "\(folder)/ein Bild [2] 拡大.png"
      try Image(Tensor([0.2, 0.4, 0.6], shape: [3, 1, 1])).write(to: path)
      #expect(bytes(try Image(contentsOf: path), x: 0, y: 0) == [51, 102, 153])
    }
  }

  @Test func `a tall picture goes through in bands of any size`() throws {
    try withTemporaryFolder { folder in
      let path = "\(folder)/tall.png"
      let layout = ImageLayout(width: 3, height: 5000, colours: 1, bitsPerSample: 16)
      let writer = try ImageWriter(path: path, layout: layout)
      func value(_ row: Int, _ column: Int) -> Float { Float((row * 3 + column) % 65536) / 65535 }
      var row = 0
      var generator = RandomGenerator(seed: 1)
      while row < layout.height {
        let rows = min(1 + generator.nextIndex(below: 700), layout.height - row)
        let band = (0..<rows).flatMap { y in (0..<3).map { value(row + y, $0) } }
        try band.withUnsafeBufferPointer { try writer.write(rows: rows, from: $0) }
        row += rows
      }
      #expect(names(in: folder).contains("tall.png") == false)
      try writer.finish()
      let image = try Image(contentsOf: path)
      for row in stride(from: 0, to: layout.height, by: 137) { #expect(image.colour[0, 0, row, 2] == value(row, 2)) }
    }
  }

  @Test func `EXIF and resolution are carried over, the orientation is reset`() throws {
    try withTemporaryFolder { folder in
      let path = "\(folder)/turned.jpg"
      try Image(contentsOf: fixture("orientation-6.jpg")).write(to: path, quality: 95)
      let again = try Image(contentsOf: path)
      #expect(again.width == 32 && again.height == 16)
      #expect(isNear(bytes(again, x: 2, y: 2), [220, 30, 30], within: 8))
      let file = try readBytes(path)
      #expect(file.contains(sequence: Array("Kakudai".utf8)))
      // 300 dots an inch: EXIF's 300,000 / 1,000.
      let isKept = file.contains(sequence: [0, 0x04, 0x93, 0xE0, 0, 0, 0x03, 0xE8])
      #expect(isKept)
    }
  }

  @Test func `transparency is laid over white where the format has none`() throws {
    try withTemporaryFolder { folder in
      let image = Image(colour: .zeros([1, 3, 16, 16]), alpha: .zeros([1, 1, 16, 16]))
      try image.write(to: "\(folder)/x.jpg")
      let again = try Image(contentsOf: "\(folder)/x.jpg")
      #expect(again.alpha == nil && bytes(again, x: 3, y: 3) == [255, 255, 255])
    }
  }

  @Test func `what a format cannot hold is refused with the numbers before anything is written`() {
    withTemporaryFolder { folder in
      let wide = ImageLayout(width: 70_000, height: 4, colours: 3)
      let error = #expect(throws: ImageError.self) { try ImageWriter(path: "\(folder)/x.jpg", layout: wide) }
      #expect(
        error?.description.hasSuffix("JPEG holds at most 65500 pixels a side, and the picture is 70000 × 4") == true)
      #expect(throws: ImageError.self) { try ImageWriter(path: "\(folder)/x.webp", layout: wide) }
      #expect(throws: ImageError.unknownFormat(path: "x.xyz")) { try ImageWriter(path: "x.xyz", layout: wide) }
      #expect(names(in: folder).isEmpty)
    }
  }

  @Test func `a picture that is not finished, or holds what is no number, leaves no file`() throws {
    try withTemporaryFolder { folder in
      do {
        let writer = try ImageWriter(
          path: "\(folder)/half.png", layout: ImageLayout(width: 100, height: 100, colours: 3))
        try [Float](repeating: 0, count: 3000).withUnsafeBufferPointer { try writer.write(rows: 10, from: $0) }
      }
      var broken = Self.gradient
      broken.colour.withUnsafeMutableBufferPointer { $0[100] = .nan }
      #expect(throws: ImageError.self) { try broken.write(to: "\(folder)/nan.png") }
      #expect(throws: ImageError.self) { try Self.gradient.write(to: "\(folder)/missing/x.png") }
      #expect(names(in: folder).isEmpty)
    }
  }

  @Test func `tensors that are no pictures are refused`() {
    #expect(throws: ImageError.self) { try Image(.zeros([2, 3, 4, 4])) }
    #expect(throws: ImageError.self) { try Image(.zeros([5, 4, 4])) }
    #expect(throws: ImageError.self) { try Image(.zeros([3, 0, 4])) }
    #expect((try? Image(.zeros([1, 4, 2, 2])))?.alpha?.shape == [1, 1, 2, 2])
    #expect((try? Image(.zeros([2, 2, 2])))?.colour.shape == [1, 1, 2, 2])
  }

  @Test func `transparent pixels take the colours around them, visible ones keep theirs`() {
    let image = Image(
      colour: Tensor([1, 9, 9, 9, 0.5, 9], shape: [1, 1, 1, 6]),
      alpha: Tensor([1, 0, 0, 0, 0.5, 0], shape: [1, 1, 1, 6]))
    // Blocks of two where they hold something visible, else blocks of four.
    #expect(image.colourBledUnderAlpha().elements == [1, 1, 1, 1, 0.5, 0.5])
    // Blocks that reach over the bands in which rows come.
    var alpha = Tensor.zeros([1, 1, 200, 3])
    alpha.withUnsafeMutableBufferPointer { $0[0] = 1 }
    var colour = Tensor(repeating: 9, shape: [1, 1, 200, 3])
    colour.withUnsafeMutableBufferPointer { $0[0] = 0.25 }
    let tall = Image(colour: colour, alpha: alpha).colourBledUnderAlpha()
    #expect(tall.elements.allSatisfy { $0 == 0.25 })
    let invisible = Image(colour: .ones([1, 1, 2, 2]), alpha: .zeros([1, 1, 2, 2]))
    #expect(invisible.colourBledUnderAlpha() == invisible.colour)
  }
}
