/// The axes in another order.
package struct Permute: Operation {
  package static let name = "permuted"
  /// Which input axis each output axis is.
  package let axes: [Int]

  package init(axes: [Int]) { self.axes = axes }

  package func outputShape(of inputs: [Shape]) throws(ShapeError) -> Shape {
    guard axes.sorted() == Array(0..<inputs[0].rank) else {
      throw ShapeError(Self.name, "\(axes) does not name each of the \(inputs[0].rank) axes of \(inputs[0]) once")
    }
    return Shape(axes.map { inputs[0][$0] })
  }

  package func value(of inputs: [Tensor], shape: Shape) -> Tensor {
    let strides = inputs[0].shape.strides
    let step = axes.last.map { strides[$0] } ?? 1
    let length = shape.rowLength
    return Tensor(shape: shape) { output in
      inputs[0].withUnsafeBufferPointer { input in
        var indices = [Int](repeating: 0, count: max(0, axes.count - 1))
        for row in 0..<shape.rowCount {
          let start = zip(indices, axes).reduce(0) { $0 + $1.0 * strides[$1.1] }
          for column in 0..<length { output[row * length + column] = input[start + column * step] }
          for axis in indices.indices.reversed() {
            indices[axis] += 1
            if indices[axis] < shape[axis] { break }
            indices[axis] = 0
          }
        }
      }
    }
  }

  package func gradients(_ context: GradientContext) -> [Tensor?] {
    var inverse = axes
    for (position, axis) in axes.enumerated() { inverse[axis] = position }
    return [Permute(axes: inverse)(context.cotangent)]
  }
}

extension Tensor {
  /// The axes in the order given: output axis i is input axis `axes[i]`.
  public func permuted(_ axes: [Int]) -> Tensor { Permute(axes: axes)(self) }

  /// Two axes exchanged; negative axes count from the end.
  public func transposed(_ first: Int, _ second: Int) -> Tensor {
    var axes = Array(0..<rank)
    let (first, second) = stopping { () throws(ShapeError) in
      (try shape.axis(first, of: "transposed"), try shape.axis(second, of: "transposed"))
    }
    axes.swapAt(first, second)
    return permuted(axes)
  }
}
