public import KakudaiTensors

extension Safetensors {
  /// Writes tensors in the order of their names, so that equal tensors give equal bytes.
  ///
  /// The file appears under `path` when all of it is written, or not at all.
  ///
  /// - Parameter elementType: One of the types of 16 or 32 bits for real numbers; elements are rounded to the nearest, ties to even.
  public static func write(
    _ tensors: [String: Tensor], as elementType: ElementType = .float32, metadata: [String: String] = [:],
    to path: String
  ) throws(WeightsError) {
    let sorted = tensors.sorted { $0.key < $1.key }
    var members: [String] = []
    if !metadata.isEmpty {
      let pairs = metadata.sorted { $0.key < $1.key }.map { "\(quoted($0.key)):\(quoted($0.value))" }
      members.append("\"__metadata__\":{\(pairs.joined(separator: ","))}")
    }
    var offset = 0
    for (name, tensor) in sorted {
      let end = offset + tensor.shape.elementCount * elementType.size
      let shape = tensor.shape.dimensions.map(String.init).joined(separator: ",")
      members.append(
        "\(quoted(name)):{\"dtype\":\"\(elementType.rawValue)\",\"shape\":[\(shape)],"
          + "\"data_offsets\":[\(offset),\(end)]}")
      offset = end
    }
    var header = Array("{\(members.joined(separator: ","))}".utf8)
    // The data starts at a multiple of 8 bytes.
    while header.count % 8 != 0 { header.append(UInt8(ascii: " ")) }
    let length = withUnsafeBytes(of: UInt64(header.count).littleEndian) { Array($0) }
    try writeFile(path, length + header + sorted.flatMap { elementType.encoded($0.value) })
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
