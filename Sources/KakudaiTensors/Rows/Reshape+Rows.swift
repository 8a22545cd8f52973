extension Reshape: RowOperation {
  /// A batch axis of one picture that comes or goes; other shapes mix rows.
  package func rowKernel(_ inputs: [RowInput], shape: Shape) -> (any RowKernel)? {
    guard inputs[0].shape.dimensions.suffix(3) == shape.dimensions.suffix(3) else { return nil }
    return Slicing(axis: -3, range: 0..<shape[-3]).rowKernel(inputs, shape: shape)
  }
}
