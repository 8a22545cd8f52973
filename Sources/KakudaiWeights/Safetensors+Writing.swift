public import KakudaiTensors

extension Safetensors {
  /// Writes tensors as F32, in the order of their names, so that equal tensors give equal bytes.
  ///
  /// The file appears under `path` when all of it is written, or not at all.
  public static func write(
    _ tensors: [String: Tensor], metadata: [String: String] = [:], to path: String
  ) throws(WeightsError) {
    let sorted = tensors.sorted { $0.key < $1.key }
    var members: [String] = []
    if !metadata.isEmpty {
      let pairs = metadata.sorted { $0.key < $1.key }.map { "\(quoted($0.key)):\(quoted($0.value))" }
      members.append("\"__metadata__\":{\(pairs.joined(separator: ","))}")
    }
    var offset = 0
    for (name, tensor) in sorted {
      let end = offset + tensor.shape.elementCount * 4
      let shape = tensor.shape.dimensions.map(String.init).joined(separator: ",")
      members.append("\(quoted(name)):{\"dtype\":\"F32\",\"shape\":[\(shape)],\"data_offsets\":[\(offset),\(end)]}")
      offset = end
    }
    var header = Array("{\(members.joined(separator: ","))}".utf8)
    // The data starts at a multiple of 8 bytes.
    while header.count % 8 != 0 { header.append(UInt8(ascii: " ")) }
    let length = withUnsafeBytes(of: UInt64(header.count).littleEndian) { Array($0) }
    let result = (length + header).withUnsafeBytes { start in
      // Every platform we build for is little-endian, as the format is.
      let data = sorted.map { $0.value.withUnsafeBufferPointer { UnsafeRawBufferPointer($0) } }
      return Result { () throws(WeightsError) in try writeFile(path, [start] + data) }
    }
    withExtendedLifetime(sorted) {}
    try result.get()
  }

  private static func quoted(_ text: String) -> String {
    var result = "\""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\"": result += "\\\""
      case "\\": result += "\\\\"
      case "\0"..<" ":
        let digits = String(scalar.value, radix: 16)
        result += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
      default: result.unicodeScalars.append(scalar)
      }
    }
    return result + "\""
  }
}
