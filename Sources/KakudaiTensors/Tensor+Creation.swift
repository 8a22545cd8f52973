extension Tensor {
  /// A tensor without axes.
  public init(_ scalar: Float) { self.init(repeating: scalar, shape: []) }

  /// A tensor of one value.
  public init(repeating value: Float, shape: Shape) {
    self.init(shape: shape) { $0.initialize(repeating: value) }
  }

  /// A tensor of the given elements, row-major; stops when their number does not fit the shape.
  public init(_ elements: [Float], shape: Shape) {
    guard elements.count == shape.elementCount else {
      fatalError("\(elements.count) elements do not fill a tensor of shape \(shape), which has \(shape.elementCount)")
    }
    self.init(shape: shape) { _ = $0.initialize(fromContentsOf: elements) }
  }

  /// A tensor of one axis.
  public init(_ elements: [Float]) { self.init(elements, shape: [elements.count]) }

  public static func zeros(_ shape: Shape) -> Tensor { Tensor(repeating: 0, shape: shape) }

  public static func ones(_ shape: Shape) -> Tensor { Tensor(repeating: 1, shape: shape) }

  /// All elements, row-major.
  public var elements: [Float] { withUnsafeBufferPointer { Array($0) } }

  /// The only element of a tensor that has one; stops otherwise.
  public var item: Float {
    guard shape.elementCount == 1 else { fatalError("item: shape \(shape) has \(shape.elementCount) elements, not 1") }
    checkHasElements()
    return storage.elements[0]
  }

  /// The element at one index per axis; negative indices count from the end.
  public subscript(indices: Int...) -> Float {
    guard indices.count == rank else {
      fatalError("\(indices.count) indices do not select an element of shape \(shape), which has \(rank) axes")
    }
    checkHasElements()
    var offset = 0
    for (axis, index) in indices.enumerated() {
      guard index >= -shape[axis] && index < shape[axis] else {
        fatalError("index \(index) is outside axis \(axis) of shape \(shape)")
      }
      offset = offset * shape[axis] + (index < 0 ? index + shape[axis] : index)
    }
    return storage.elements[offset]
  }
}

extension Tensor: Equatable {
  /// Equal shapes and equal elements, as `Float` compares: NaN differs from itself, −0 equals +0.
  public static func == (left: Tensor, right: Tensor) -> Bool {
    left.shape == right.shape
      && left.withUnsafeBufferPointer { left in right.withUnsafeBufferPointer { left.elementsEqual($0) } }
  }
}

extension Tensor: CustomStringConvertible {
  /// The shape and the first elements.
  public var description: String {
    let shown = withUnsafeBufferPointer { $0.prefix(8).map(String.init(describing:)) }
    return "Tensor\(shape) [" + shown.joined(separator: ", ") + (shape.elementCount > 8 ? ", …]" : "]")
  }
}
