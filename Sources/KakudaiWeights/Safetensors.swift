public import KakudaiTensors

/// A weight file in the safetensors format: named tensors behind a JSON header.
///
/// Every statement of the header is checked before a byte is used: lengths, bounds, overlaps, gaps, overflow, duplicate
/// names. Tensors are converted to Float when asked for.
public struct Safetensors: Sendable {
  /// What the header says about one tensor.
  public struct Entry: Hashable, Sendable {
    public let name: String
    public let elementType: ElementType
    public let shape: Shape
    /// In the file.
    let bytes: Range<Int>
  }

  /// In the order of their data.
  public let entries: [Entry]

  /// Free-form text that the writer of the file added.
  public let metadata: [String: String]

  /// Where the file was read from, for messages.
  public let path: String

  private let contents: [UInt8]
  private let entryIndices: [String: Int]

  /// Headers longer than this are refused, as the format demands.
  static let longestHeader = 100_000_000

  public init(contentsOf path: String) throws(WeightsError) {
    try self.init(bytes: try readFile(path), path: path)
  }

  /// Reads a file that is in memory already; `path` names it in messages.
  public init(bytes contents: [UInt8], path: String) throws(WeightsError) {
    func malformed(_ offset: Int, _ reason: String) -> WeightsError {
      .malformed(path: path, offset: offset, reason: reason)
    }
    guard contents.count >= 8 else {
      throw malformed(0, "a safetensors file has at least 8 bytes, this one has \(contents.count)")
    }
    let length = contents.withUnsafeBytes { UInt64(littleEndian: $0.loadUnaligned(as: UInt64.self)) }
    guard length <= Safetensors.longestHeader && Int(length) <= contents.count - 8 else {
      throw malformed(0, "a header of \(length) bytes does not fit into a file of \(contents.count) bytes")
    }
    let dataStart = 8 + Int(length)
    let header: [String: JSON]
    do {
      guard case .object(let members) = try JSONReader.value(of: contents[8..<dataStart]) else {
        throw malformed(8, "the header is not a JSON object")
      }
      header = members
    } catch let failure as JSONReader.Failure {
      throw malformed(8 + failure.offset, "the header is not JSON: \(failure.reason)")
    } catch {
      throw malformed(8, "the header is not a JSON object")
    }

    var metadata: [String: String] = [:]
    var entries: [Entry] = []
    for (name, description) in header {
      if name == "__metadata__" {
        guard let members = description.object else { throw malformed(8, "__metadata__ is not an object") }
        for (key, value) in members {
          guard let text = value.string else { throw malformed(8, "the metadata \"\(key)\" is not a string") }
          metadata[key] = text
        }
      } else {
        entries.append(try Entry(name, description, dataStart: dataStart, fileLength: contents.count, malformed))
      }
    }
    entries.sort {
      ($0.bytes.lowerBound, $0.bytes.upperBound, $0.name) < ($1.bytes.lowerBound, $1.bytes.upperBound, $1.name)
    }
    var end = dataStart
    for entry in entries {
      guard entry.bytes.lowerBound == end else {
        throw malformed(
          entry.bytes.lowerBound,
          "the data of \(entry.name) \(entry.bytes.lowerBound < end ? "overlaps" : "leaves a gap after") what comes before"
        )
      }
      end = entry.bytes.upperBound
    }
    guard end == contents.count else {
      throw malformed(end, "\(contents.count - end) bytes at the end belong to no tensor")
    }
    self.entries = entries
    self.metadata = metadata
    self.path = path
    self.contents = contents
    entryIndices = Dictionary(uniqueKeysWithValues: entries.enumerated().map { ($1.name, $0) })
  }

  /// What the header says about the tensor `name`.
  public func entry(_ name: String) -> Entry? { entryIndices[name].map { entries[$0] } }

  /// The tensor `name`, converted to Float.
  public func tensor(_ name: String) throws(WeightsError) -> Tensor {
    guard let entry = entry(name) else { throw .noTensor(path: path, name: name) }
    return tensor(entry)
  }

  /// All tensors by name, converted to Float.
  public var tensors: [String: Tensor] {
    Dictionary(uniqueKeysWithValues: entries.map { ($0.name, tensor($0)) })
  }

  private func tensor(_ entry: Entry) -> Tensor {
    Tensor(shape: entry.shape) { elements in
      contents.withUnsafeBytes {
        entry.elementType.decode(UnsafeRawBufferPointer(rebasing: $0[entry.bytes]), into: elements)
      }
    }
  }

  /// The elements of an F64 tensor as they stand in the file.
  package func doubles(_ name: String) -> [Double]? {
    guard let entry = entry(name), entry.elementType == .float64 else { return nil }
    return contents.withUnsafeBytes { bytes in
      (0..<entry.shape.elementCount).map { index in
        let bits = bytes.loadUnaligned(fromByteOffset: entry.bytes.lowerBound + index * 8, as: UInt64.self)
        return Double(bitPattern: UInt64(littleEndian: bits))
      }
    }
  }
}

extension Safetensors.Entry {
  /// Checks one member of the header.
  fileprivate init(
    _ name: String, _ description: JSON, dataStart: Int, fileLength: Int, _ malformed: (Int, String) -> WeightsError
  ) throws(WeightsError) {
    guard let members = description.object, Set(members.keys) == ["dtype", "shape", "data_offsets"] else {
      throw malformed(8, "\(name) must have dtype, shape and data_offsets, and nothing else")
    }
    guard let typeName = members["dtype"]?.string, let elementType = ElementType(rawValue: typeName) else {
      throw malformed(8, "\(name) has the unknown dtype \(members["dtype"]?.string ?? "that is no string")")
    }
    let extents = members["shape"]?.array?.map(\.integer) ?? [nil]
    guard extents.allSatisfy({ $0 != nil }), let shape = try? Shape(validating: extents.compactMap { $0 }) else {
      throw malformed(8, "the shape of \(name) is not a list of sizes that fit into memory")
    }
    let offsets = members["data_offsets"]?.array?.compactMap(\.integer) ?? []
    guard offsets.count == 2, offsets[0] >= 0, offsets[0] <= offsets[1], offsets[1] <= fileLength - dataStart else {
      throw malformed(8, "the data of \(name) is not within the file's \(fileLength - dataStart) bytes of data")
    }
    let (size, overflows) = shape.elementCount.multipliedReportingOverflow(by: elementType.size)
    guard !overflows && size == offsets[1] - offsets[0] else {
      throw malformed(
        dataStart + offsets[0],
        "\(name) of shape \(shape) and type \(typeName) takes \(size) bytes, but has \(offsets[1] - offsets[0])")
    }
    self.init(
      name: name, elementType: elementType, shape: shape, bytes: dataStart + offsets[0]..<dataStart + offsets[1])
  }
}
