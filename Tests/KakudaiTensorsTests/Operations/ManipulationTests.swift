import KakudaiTensors
import TestSupport
import Testing

struct ManipulationTests {
  static let x = Tensor((0..<24).map(Float.init), shape: [2, 3, 4])

  @Test func `reshaping keeps the elements and finds the open extent`() {
    #expect(Self.x.reshaped(to: [4, -1]).shape == [4, 6])
    #expect(Self.x.flattened().shape == [2, 12])
    #expect(Self.x.reshaped(to: [24]).elements == Self.x.elements)
    #expect(throws: ShapeError("reshaped", "(2, 3, 4) has 24 elements, but (5, 5) has 25")) {
      try Reshape(dimensions: [5, 5]).outputShape(of: [Self.x.shape])
    }
    #expect(throws: ShapeError.self) { try Reshape(dimensions: [5, -1]).outputShape(of: [Self.x.shape]) }
  }

  @Test func `transposing and permuting move every element`() {
    let y = Self.x.permuted([2, 0, 1])
    let z = Self.x.transposed(0, -1)
    for i in 0..<2 {
      for j in 0..<3 {
        for k in 0..<4 {
          #expect(y[k, i, j] == Self.x[i, j, k])
          #expect(z[k, j, i] == Self.x[i, j, k])
        }
      }
    }
    #expect(throws: ShapeError.self) { try Permute(axes: [0, 0, 1]).outputShape(of: [Self.x.shape]) }
  }

  @Test func `slices put together again are the whole`() {
    for axis in 0..<3 {
      let extent = Self.x.shape[axis]
      let parts = [Self.x.sliced(axis, 0..<1), Self.x.sliced(axis, 1..<1), Self.x.sliced(axis - 3, 1..<extent)]
      #expect(concatenate(parts, axis: axis) == Self.x)
    }
    #expect(Self.x.sliced(1, 1..<3)[1, 0, 2] == Self.x[1, 1, 2])
    #expect(throws: ShapeError("sliced", "1..<4 is not within the 3 indices of axis 1 of (2, 3, 4)")) {
      try Slicing(axis: 1, range: 1..<4).outputShape(of: [Self.x.shape])
    }
    #expect(throws: ShapeError.self) { try Concatenation(axis: 0).outputShape(of: [[2, 3], [2, 4]]) }
  }

  @Test func `gradients agree with differences`() {
    expectGradients(at: [.random([2, 3, 4]), .random([2, 2, 4], seed: 2)]) { operands in
      concatenate([operands[0], operands[1]], axis: 1).permuted([1, 2, 0]).sliced(1, 1..<3).reshaped(to: [-1, 5])
    }
  }
}
