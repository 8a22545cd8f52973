import KakudaiTensors

/// How a weight file stores the elements of a tensor; the raw value is the name in safetensors.
public enum ElementType: String, Hashable, Sendable, CaseIterable {
  case float32 = "F32"
  case float16 = "F16"
  case bfloat16 = "BF16"
  case float64 = "F64"
  case int8 = "I8"
  case int16 = "I16"
  case int32 = "I32"
  case int64 = "I64"
  case uint8 = "U8"
  case uint16 = "U16"
  case uint32 = "U32"
  case uint64 = "U64"
  case bool = "BOOL"

  /// Bytes of one element.
  public var size: Int {
    switch self {
    case .int8, .uint8, .bool: 1
    case .float16, .bfloat16, .int16, .uint16: 2
    case .float32, .int32, .uint32: 4
    case .float64, .int64, .uint64: 8
    }
  }

  /// Converts little-endian elements; what Float cannot hold is rounded to the nearest it can.
  func decode(_ bytes: UnsafeRawBufferPointer, into elements: UnsafeMutableBufferPointer<Float>) {
    func convert<Bits: FixedWidthInteger>(_: Bits.Type, _ element: (Bits) -> Float) {
      for index in elements.indices {
        let bits = bytes.loadUnaligned(fromByteOffset: index * MemoryLayout<Bits>.size, as: Bits.self)
        elements[index] = element(Bits(littleEndian: bits))
      }
    }
    switch self {
    case .float32: convert(UInt32.self) { Float(bitPattern: $0) }
    case .float16: convert(UInt16.self) { half($0) }
    case .bfloat16: convert(UInt16.self) { Float(bitPattern: UInt32($0) << 16) }
    case .float64: convert(UInt64.self) { Float(Double(bitPattern: $0)) }
    case .int8: convert(Int8.self) { Float($0) }
    case .int16: convert(Int16.self) { Float($0) }
    case .int32: convert(Int32.self) { Float($0) }
    case .int64: convert(Int64.self) { Float($0) }
    case .uint8: convert(UInt8.self) { Float($0) }
    case .uint16: convert(UInt16.self) { Float($0) }
    case .uint32: convert(UInt32.self) { Float($0) }
    case .uint64: convert(UInt64.self) { Float($0) }
    case .bool: convert(UInt8.self) { $0 == 0 ? 0 : 1 }
    }
  }
}

extension ElementType {
  /// The little-endian bytes of a tensor; 16 bits are rounded to the nearest, ties to even, and what is beyond them becomes
  /// infinite.
  func encoded(_ tensor: Tensor) -> [UInt8] {
    func bytes<Bits: FixedWidthInteger>(_ bits: (Float) -> Bits) -> [UInt8] {
      tensor.withUnsafeBufferPointer { elements in
        var bytes: [UInt8] = []
        bytes.reserveCapacity(elements.count * MemoryLayout<Bits>.size)
        for element in elements {
          withUnsafeBytes(of: bits(element).littleEndian) { bytes.append(contentsOf: $0) }
        }
        return bytes
      }
    }
    switch self {
    case .float32: return bytes(\.bitPattern)
    case .float16: return bytes(halfBits)
    case .bfloat16: return bytes(bfloatBits)
    default: fatalError("weights are written as F32, F16 or BF16, not as \(rawValue)")
    }
  }
}

/// The bits of the nearest half-precision number.
private func halfBits(_ value: Float) -> UInt16 {
  let sign = UInt16(value.bitPattern >> 16) & 0x8000
  guard !value.isNaN else { return sign | 0x7E00 }
  let magnitude = value.magnitude
  // The smallest Float that rounds beyond the largest half, 65,504.
  guard magnitude < 65_520 else { return sign | 0x7C00 }
  // Below 2⁻¹⁴ the spacing stays 2⁻²⁴; the carry of a fraction that rounds up goes into the exponent.
  guard magnitude >= 0x1p-14 else { return sign | UInt16((magnitude * 0x1p24).rounded(.toNearestOrEven)) }
  let bits = magnitude.bitPattern - (112 << 23)
  return sign | UInt16((bits + 0xFFF + (bits >> 13 & 1)) >> 13)
}

/// The bits of the nearest number with the exponent of Float and 8 bits of precision.
private func bfloatBits(_ value: Float) -> UInt16 {
  let bits = value.bitPattern
  // A NaN keeps its upper bits and stays one.
  guard !value.isNaN else { return UInt16(bits >> 16) | 0x40 }
  return UInt16((bits + 0x7FFF + (bits >> 16 & 1)) >> 16)
}

/// The value of IEEE half-precision bits; `Float16` is not available on every platform we build for.
private func half(_ bits: UInt16) -> Float {
  let sign = UInt32(bits & 0x8000) << 16
  let exponent = UInt32(bits >> 10) & 0x1F
  let fraction = UInt32(bits & 0x3FF)
  switch exponent {
  case 0:
    let magnitude = Float(fraction) * 0x1p-24
    return sign == 0 ? magnitude : -magnitude
  case 31: return Float(bitPattern: sign | 0x7F80_0000 | fraction << 13)
  default: return Float(bitPattern: sign | (exponent + 112) << 23 | fraction << 13)
  }
}
