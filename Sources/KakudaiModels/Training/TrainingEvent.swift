/// A record of TensorBoard's event files: a length, the message `Event` of `tensorflow/core/util/event.proto` in the encoding of
/// protocol buffers, and a checksum behind each.
public struct TrainingEvent: Hashable, Sendable {
  public enum Content: Hashable, Sendable {
    /// What every file begins with.
    case fileVersion
    /// A run begins at the step: what another wrote for it and later steps no longer counts.
    case start
    /// Numbers by their names.
    case scalars([Scalar])
  }

  public struct Scalar: Hashable, Sendable {
    public var tag: String
    public var value: Float

    public init(_ tag: String, _ value: Float) { (self.tag, self.value) = (tag, value) }
  }

  public var content: Content
  public var step: Int
  /// Seconds since 1970.
  public var wallTime: Double

  public init(_ content: Content, step: Int, wallTime: Double) {
    (self.content, self.step, self.wallTime) = (content, step, wallTime)
  }

  /// The bytes that a file gets.
  public var record: [UInt8] {
    let message = self.message
    let length = littleEndian(UInt64(message.count))
    return length + littleEndian(Self.maskedChecksum(length)) + message
      + littleEndian(Self.maskedChecksum(message))
  }

  private var message: [UInt8] {
    var event = Message()
    event.add(1, double: wallTime)
    if step != 0 { event.add(2, integer: UInt64(step)) }
    switch content {
    case .fileVersion: event.add(3, bytes: Array("brain.Event:2".utf8))
    case .start:
      var log = Message()
      log.add(1, integer: 1)
      event.add(7, bytes: log.bytes)
    case .scalars(let scalars):
      var summary = Message()
      for scalar in scalars {
        var value = Message()
        value.add(1, bytes: Array(scalar.tag.utf8))
        value.add(2, float: scalar.value)
        summary.add(1, bytes: value.bytes)
      }
      event.add(5, bytes: summary.bytes)
    }
    return event.bytes
  }

  /// CRC-32C, turned and shifted as the format wants it: checksums of what holds checksums would be weak.
  private static func maskedChecksum(_ bytes: [UInt8]) -> UInt32 {
    let checksum = crc32c(bytes)
    return (checksum >> 15 | checksum << 17) &+ 0xA282_EAD8
  }
}

/// A message of protocol buffers being written: fields are a number and a kind, then the value.
private struct Message {
  var bytes: [UInt8] = []

  mutating func add(_ field: UInt64, integer: UInt64) {
    add(variable: field << 3)
    add(variable: integer)
  }

  mutating func add(_ field: UInt64, double: Double) {
    add(variable: field << 3 | 1)
    bytes += littleEndian(double.bitPattern)
  }

  mutating func add(_ field: UInt64, bytes content: [UInt8]) {
    add(variable: field << 3 | 2)
    add(variable: UInt64(content.count))
    bytes += content
  }

  mutating func add(_ field: UInt64, float: Float) {
    add(variable: field << 3 | 5)
    bytes += littleEndian(float.bitPattern)
  }

  /// Seven bits a byte, the lowest first; the eighth says that more follow.
  private mutating func add(variable value: UInt64) {
    var rest = value
    while rest > 0x7F {
      bytes.append(UInt8(rest & 0x7F) | 0x80)
      rest >>= 7
    }
    bytes.append(UInt8(rest))
  }
}

private func littleEndian(_ value: some FixedWidthInteger) -> [UInt8] {
  withUnsafeBytes(of: value.littleEndian) { Array($0) }
}

/// The checksum of Castagnoli (1993), bits reversed, as iSCSI has it.
func crc32c(_ bytes: [UInt8]) -> UInt32 {
  ~bytes.reduce(~0) { checksum, byte in
    var checksum = checksum ^ UInt32(byte)
    for _ in 0..<8 { checksum = checksum & 1 == 0 ? checksum >> 1 : checksum >> 1 ^ 0x82F6_3B78 }
    return checksum
  }
}
