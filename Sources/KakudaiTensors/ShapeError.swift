/// Shapes or attributes that an operation cannot accept.
///
/// The rules that throw it are the same whether they stop a program (`conv2d(x, weight)` with wrong shapes is a programmer's
/// mistake) or refuse a file (a network whose weights do not fit).
public struct ShapeError: Error, Hashable, CustomStringConvertible {
  /// The operation that refused, as it is spelled in Swift: `convTranspose2d`.
  public let operation: String

  /// What is wrong, with the numbers.
  public let reason: String

  public init(_ operation: String, _ reason: String) {
    self.operation = operation
    self.reason = reason
  }

  public var description: String { "\(operation): \(reason)" }
}

/// Runs a shape rule on behalf of the programmer: a broken rule stops the program with its message, in release builds too.
package func stopping<Result>(_ body: () throws(ShapeError) -> Result) -> Result {
  do {
    return try body()
  } catch {
    fatalError(error.description)
  }
}
