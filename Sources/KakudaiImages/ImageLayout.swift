import CKakudaiImages

/// The size and the channels of a picture.
public struct ImageLayout: Hashable, Sendable {
  public var width: Int
  public var height: Int
  /// 1 for grey, 3 for red, green and blue.
  public var colours: Int
  public var hasAlpha: Bool
  /// 8 or 16.
  public var bitsPerSample: Int

  public init(width: Int, height: Int, colours: Int, hasAlpha: Bool = false, bitsPerSample: Int = 8) {
    (self.width, self.height, self.colours) = (width, height, colours)
    (self.hasAlpha, self.bitsPerSample) = (hasAlpha, bitsPerSample)
  }

  /// Colours and alpha.
  public var channels: Int { colours + (hasAlpha ? 1 : 0) }

  init(_ layout: ki_layout) {
    self.init(
      width: Int(layout.width), height: Int(layout.height), colours: Int(layout.colours),
      hasAlpha: layout.hasAlpha != 0, bitsPerSample: Int(layout.bits))
  }

  var shim: ki_layout {
    ki_layout(
      width: Int32(width), height: Int32(height), colours: Int32(colours), hasAlpha: hasAlpha ? 1 : 0,
      bits: Int32(bitsPerSample))
  }

  var bytesPerRow: Int { width * channels * bitsPerSample / 8 }
}

/// Runs `body` with room for a message of the shim, and gives the message.
func withShimMessage<Result>(_ body: (UnsafeMutablePointer<CChar>) -> Result) -> (result: Result, message: String) {
  withUnsafeTemporaryAllocation(of: CChar.self, capacity: Int(KI_ERROR_LENGTH)) { buffer in
    buffer.initialize(repeating: 0)
    let result = body(buffer.baseAddress!)
    return (result, String(cString: buffer.baseAddress!))
  }
}
