import CKakudaiImages

/// The formats that pictures are written in; many more are read.
public enum ImageFormat: String, Hashable, Sendable, CaseIterable {
  case png
  case jpeg
  case webp
  case tiff

  /// The format of a file name, or of `png`, `jpg`, `webp`, `tiff` alone; `nil` for others.
  public init?(fileName: String) {
    switch fileName.split(separator: ".").last?.lowercased() {
    case "png": self = .png
    case "jpg", "jpeg": self = .jpeg
    case "webp": self = .webp
    case "tif", "tiff": self = .tiff
    default: return nil
    }
  }

  var name: String { rawValue.uppercased() }

  /// Pixels; what the format, or the library that writes it, allows.
  public var largestSide: Int {
    switch self {
    case .png: 10_000_000
    case .jpeg: 65_500
    case .webp: 16_383
    case .tiff: 10_000_000
    }
  }

  var holds16Bits: Bool { self == .png || self == .tiff }
  var holdsAlpha: Bool { self != .jpeg }

  /// As files of the format are called: `jpg`.
  public var fileExtension: String { self == .jpeg ? "jpg" : rawValue }

  var identifier: ki_format {
    switch self {
    case .png: KI_PNG
    case .jpeg: KI_JPEG
    case .webp: KI_WEBP
    case .tiff: KI_TIFF
    }
  }
}
