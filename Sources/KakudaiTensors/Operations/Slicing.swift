/// A range of indices along one axis.
package struct Slicing: Operation {
  package static let name = "sliced"
  package let axis: Int
  package let range: Range<Int>

  package init(axis: Int, range: Range<Int>) {
    self.axis = axis
    self.range = range
  }

  package func outputShape(of inputs: [Shape]) throws(ShapeError) -> Shape {
    let axis = try inputs[0].axis(axis, of: Self.name)
    guard range.lowerBound >= 0 && range.upperBound <= inputs[0][axis] else {
      throw ShapeError(
        Self.name, "\(range) is not within the \(inputs[0][axis]) indices of axis \(axis) of \(inputs[0])")
    }
    var dimensions = inputs[0].dimensions
    dimensions[axis] = range.count
    return Shape(dimensions)
  }

  package func value(of inputs: [Tensor], shape: Shape) -> Tensor {
    let blocks = Blocks(inputs[0].shape, axis: axis)
    return Tensor(shape: shape) { output in
      inputs[0].withUnsafeBufferPointer { input in
        for block in 0..<blocks.count {
          let source = input[(block * blocks.length + range.lowerBound * blocks.inner)...].prefix(
            range.count * blocks.inner)
          let target = block * range.count * blocks.inner
          _ = output[target..<target + source.count].update(fromContentsOf: source)
        }
      }
    }
  }

  package func gradients(_ context: GradientContext) -> [Tensor?] {
    let blocks = Blocks(context.inputs[0].shape, axis: axis)
    var gradient = Tensor.zeros(context.inputs[0].shape)
    gradient.withUnsafeMutableBufferPointer { gradient in
      context.cotangent.withUnsafeBufferPointer { cotangent in
        let run = range.count * blocks.inner
        for block in 0..<blocks.count {
          let target = block * blocks.length + range.lowerBound * blocks.inner
          _ = gradient[target..<target + run].update(fromContentsOf: cotangent[block * run..<(block + 1) * run])
        }
      }
    }
    return [gradient]
  }
}

/// Tensors put after one another along one axis.
package struct Concatenation: Operation {
  package static let name = "concatenate"
  package let axis: Int

  package init(axis: Int) { self.axis = axis }

  package func outputShape(of inputs: [Shape]) throws(ShapeError) -> Shape {
    guard let first = inputs.first else { throw ShapeError(Self.name, "there is nothing to put together") }
    let axis = try first.axis(axis, of: Self.name)
    var dimensions = first.dimensions
    for other in inputs.dropFirst() {
      var expected = first.dimensions
      if other.rank == first.rank { expected[axis] = other[axis] }
      guard other.dimensions == expected else {
        throw ShapeError(Self.name, "\(first) and \(other) differ along another axis than \(axis)")
      }
      dimensions[axis] += other[axis]
    }
    return Shape(dimensions)
  }

  package func value(of inputs: [Tensor], shape: Shape) -> Tensor {
    let whole = Blocks(shape, axis: axis)
    return Tensor(shape: shape) { output in
      var start = 0
      for input in inputs {
        let part = Blocks(input.shape, axis: axis)
        input.withUnsafeBufferPointer { input in
          for block in 0..<whole.count {
            let target = block * whole.length + start
            _ = output[target..<target + part.length].update(
              fromContentsOf: input[block * part.length..<(block + 1) * part.length])
          }
        }
        start += part.length
      }
    }
  }

  package func gradients(_ context: GradientContext) -> [Tensor?] {
    var start = 0
    return zip(context.inputs, context.wanted).map { input, isWanted in
      let range = start..<start + input.shape[axis]
      start = range.upperBound
      return isWanted ? Slicing(axis: axis, range: range)(context.cotangent) : nil
    }
  }
}

/// A tensor seen as blocks, each of which holds all indices of one axis: `count` blocks of `length` = extent · `inner` elements.
private struct Blocks {
  let count: Int
  let length: Int
  let inner: Int

  init(_ shape: Shape, axis: Int) {
    let axis = axis < 0 ? axis + shape.rank : axis
    inner = shape.dimensions[(axis + 1)...].reduce(1, *)
    length = inner * shape[axis]
    count = shape.dimensions[..<axis].reduce(1, *)
  }
}

extension Tensor {
  /// The indices in `range` along `axis`.
  public func sliced(_ axis: Int, _ range: Range<Int>) -> Tensor { Slicing(axis: axis, range: range)(self) }
}

/// Tensors put after one another along `axis`; their other extents must agree (PyTorch's `cat`).
public func concatenate(_ tensors: [Tensor], axis: Int) -> Tensor { Concatenation(axis: axis).apply(to: tensors) }
