/// What can be wrong with a picture file.
public enum ImageError: Error, Hashable {
  /// The file is missing, empty, cut short, or no picture.
  case unreadable(path: String, reason: String)
  /// There is no encoder for the extension.
  case unknownFormat(path: String)
  /// The format cannot hold a picture of that size.
  case tooLarge(path: String, format: ImageFormat, width: Int, height: Int)
  /// A tensor of this shape, or with values that are not numbers, is no picture.
  case notAPicture(String)
  /// The file cannot be written; nothing stands under its name that was not there before.
  case unwritable(path: String, reason: String)
  /// Two pictures that are compared differ in size.
  case sizesDiffer(String)
}

extension ImageError: CustomStringConvertible {
  /// One sentence with the place and the numbers.
  public var description: String {
    switch self {
    case .unreadable(let path, let reason): "\(path) cannot be read as a picture: \(reason)"
    case .unknownFormat(let path): "\(path): pictures are written as .png, .jpg, .webp or .tif"
    case .tooLarge(let path, let format, let width, let height):
      "\(path): \(format.name) holds at most \(format.largestSide) pixels a side, and the picture is \(width) × \(height)"
    case .notAPicture(let reason): reason
    case .unwritable(let path, let reason): "\(path) cannot be written: \(reason)"
    case .sizesDiffer(let reason): reason
    }
  }
}
