/// A size for the vertical and one for the horizontal axis: a kernel size, a stride, a padding.
///
/// Written as one integer when both are equal, or as `[height, width]`, in PyTorch's order.
public struct PerAxis: Hashable, Sendable {
  public var height: Int
  public var width: Int

  public init(height: Int, width: Int) {
    self.height = height
    self.width = width
  }

  public init(_ both: Int) { self.init(height: both, width: both) }
}

extension PerAxis: ExpressibleByIntegerLiteral {
  public init(integerLiteral value: Int) { self.init(value) }
}

extension PerAxis: ExpressibleByArrayLiteral {
  public init(arrayLiteral elements: Int...) {
    guard elements.count == 2 else {
      fatalError("a size per axis takes [height, width], but \(elements) has \(elements.count) elements")
    }
    self.init(height: elements[0], width: elements[1])
  }
}

extension PerAxis: CustomStringConvertible {
  /// As PyTorch prints it: `(4, 4)`.
  public var description: String { "(\(height), \(width))" }
}
