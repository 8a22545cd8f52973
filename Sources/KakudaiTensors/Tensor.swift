/// An array of `Float` with a shape: contiguous, row-major, pictures as `(N, C, H, W)`.
///
/// A tensor is a value: assigning it copies (in time when one of the two is changed), and it can be sent to other tasks.
public struct Tensor: Sendable {
  public let shape: Shape
  package private(set) var storage: Storage

  /// Where this value stands on the tape that records it, inside `valueAndGradient(of:)`.
  package let node: Tape.Node?

  package init(shape: Shape, storage: Storage, node: Tape.Node? = nil) {
    self.shape = shape
    self.storage = storage
    self.node = node
  }

  /// Makes a tensor whose elements `initialize` must all write.
  package init(shape: Shape, initialize: (UnsafeMutableBufferPointer<Float>) -> Void) {
    self.init(shape: shape, storage: Storage(count: shape.elementCount))
    initialize(UnsafeMutableBufferPointer(start: storage.elements, count: storage.count))
  }

  /// The number of axes.
  public var rank: Int { shape.rank }

  /// The elements, row-major.
  public func withUnsafeBufferPointer<Result, Failure: Error>(
    _ body: (UnsafeBufferPointer<Float>) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    checkHasElements()
    defer { withExtendedLifetime(storage) {} }
    return try body(UnsafeBufferPointer(start: storage.elements, count: storage.count))
  }

  /// Stops where the tensor has a shape only, as in a plan that is being recorded.
  package func checkHasElements() {
    guard storage.count == shape.elementCount else {
      fatalError(
        "a tensor of shape \(shape) has no elements while a plan is recorded; batch normalisation and dropout need "
          + "setTraining(false)")
    }
  }

  /// Changes the elements in place.
  ///
  /// Not inside `valueAndGradient(of:)`, which could not differentiate it.
  public mutating func withUnsafeMutableBufferPointer<Result, Failure: Error>(
    _ body: (UnsafeMutableBufferPointer<Float>) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    guard node == nil else {
      fatalError("a tensor of shape \(shape) that is being differentiated cannot be changed in place")
    }
    if isKnownUniquelyReferenced(&storage) { storage.forgetPackings() } else { storage = storage.copy() }
    defer { withExtendedLifetime(storage) {} }
    return try body(UnsafeMutableBufferPointer(start: storage.elements, count: storage.count))
  }

  /// The same elements without their place on a tape: constant for the derivative (PyTorch's `detach`).
  package var unrecorded: Tensor { Tensor(shape: shape, storage: storage) }

  /// The same elements in another shape of as many elements; not recorded.
  package func viewed(as shape: Shape) -> Tensor {
    precondition(shape.elementCount == self.shape.elementCount && node == nil)
    return Tensor(shape: shape, storage: storage)
  }
}
