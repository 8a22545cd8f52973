import Foundation
import KakudaiTensors
import TestSupport
import Testing

/// Element loops and sums at sizes around those of vectors, against sums in Double.
struct PointwiseTests {
  static func sizes(_ kernels: Kernels) -> [Int] {
    let lanes = kernels.lanes
    return [1, lanes - 1, lanes, lanes + 1, 2 * lanes - 1, 2 * lanes + 1, 3 * lanes, 97]
  }

  @Test func `PReLU and its gradients are what they say, at any size`() {
    withEveryKernelTable { kernels in
      for size in Self.sizes(kernels) {
        let operands: [Tensor] = [.random([2, 3, size], seed: 1), Tensor([0.25, -2, 0.1])]
        let cotangent = Tensor.random([2, 3, size], seed: 2)
        let (x, c, slopes) = (operands[0].elements, cotangent.elements, operands[1].elements)
        func slope(_ index: Int) -> Float { slopes[index / size % 3] }
        #expect(prelu(operands[0], operands[1]).elements == x.indices.map { x[$0] > 0 ? x[$0] : x[$0] * slope($0) })
        let gradients = valueAndGradient(of: operands) { Projection(cotangent: cotangent)(prelu($0[0], $0[1])) }
          .gradient
        #expect(gradients[0].elements == x.indices.map { x[$0] > 0 ? c[$0] : c[$0] * slope($0) })
        for channel in 0..<3 {
          let terms = x.indices.filter { $0 / size % 3 == channel && x[$0] <= 0 }.map { Double(x[$0]) * Double(c[$0]) }
          let bound = 1e-7 * terms.reduce(1e-30) { $0 + $1.magnitude }
          #expect(abs(Double(gradients[1].elements[channel]) - terms.reduce(0, +)) <= bound, "\(kernels.name), \(size)")
        }
      }
    }
  }

  @Test func `hinges of each channel are added beyond their places`() {
    let slopes = Tensor([0.25, -0.5, 2])
    let places = Tensor([-0.5, 0.25, 0, 0.75, -2, 0.5], shape: [3, 2])
    let heights = Tensor([1, -2, 0.5, 0.25, -0.75, 3], shape: [3, 2])
    withEveryKernelTable { kernels in
      for size in Self.sizes(kernels) {
        let x = Tensor.random([2, 3, size])
        let actual = piecewiseLinear(x, slopes: slopes, places: places, heights: heights)
        for (index, (value, result)) in zip(x.elements, actual.elements).enumerated() {
          let channel = index / size % 3
          let expected = (0..<2).reduce(Double(value > 0 ? value : slopes.elements[channel] * value)) {
            let (place, height) = (places.elements[2 * channel + $1], heights.elements[2 * channel + $1])
            return $0 + Double(height) * max(0, Double(value) - Double(place))
          }
          #expect(abs(Double(result) - expected) <= 1e-6, "\(kernels.name), \(size), element \(index)")
        }
      }
      // Far from the hinges, where there is no derivative.
      let x = Tensor((0..<126).map { Float($0 * $0 % 19) / 4 - 2.125 }, shape: [2, 3, 21])
      expectGradients(at: [x, slopes, places, heights]) {
        piecewiseLinear($0[0], slopes: $0[1], places: $0[2], heights: $0[3])
      }
    }
  }

  @Test func `hinges of a wrong shape are refused`() {
    func message(_ slopes: Shape, _ places: Shape, _ heights: Shape, input: Shape = [1, 3, 2]) -> String {
      do throws(ShapeError) {
        _ = try AdaptivePiecewiseLinear().outputShape(of: [input, slopes, places, heights])
      } catch {
        return "\(error)"
      }
      return ""
    }
    #expect(message([3], [3, 16], [3, 16]) == "")
    #expect(message([3], [3, 1], [3, 1], input: [3]).contains("the input must be (N, C, …), but is (3)"))
    #expect(message([1], [3, 1], [3, 1]).contains("the slopes must be (3) for input (1, 3, 2), but are (1)"))
    #expect(message([3], [3, 17], [3, 17]).contains("the places must be (3, 1 to 16)"))
    #expect(message([3], [3, 2], [3, 1]).contains("the heights must be (3, 2), as the places, but are (3, 1)"))
  }

  @Test func `infinite cotangents of positive elements do not reach the slope`() {
    withEveryKernelTable { _ in
      let gradient = valueAndGradient(of: [Tensor([1, -1]), Tensor([0.5])]) { inputs in
        Projection(cotangent: Tensor([.infinity, 3]))(prelu(inputs[0], inputs[1]))
      }.gradient
      #expect(gradient[0].elements == [.infinity, 1.5] && gradient[1].elements == [-3])
    }
  }

  @Test func `sums and square norms meet every element once, at any size`() {
    withEveryKernelTable { kernels in
      for size in Self.sizes(kernels) {
        let x = Tensor((0..<size).map { Float($0 * $0 % 17) - 8 })
        #expect(Double(x.sum().item) == x.elements.reduce(0.0) { $0 + Double($1) }, "\(kernels.name), \(size)")
        #expect(x.squaredNorm == x.elements.reduce(0.0) { $0 + Double($1) * Double($1) }, "\(kernels.name), \(size)")
      }
    }
  }

  @Test(arguments: [
    [[2, 3, 4], [2, 3, 4]], [[2, 3, 4], [4]], [[2, 3, 4], [3, 1]], [[2, 1, 4], [3, 1]], [[5], [1]], [[], [2, 2]],
    [[2, 1, 3, 1], [1, 4, 1, 5]], [[1, 1], [1, 7, 1]], [[3, 1, 1], [3, 2, 2]], [[0, 3], [1]],
  ])
  func `operands are stretched as NumPy does`(_ shapes: [[Int]]) throws {
    let (left, right) = (Tensor.random(Shape(shapes[0]), seed: 1), Tensor.random(Shape(shapes[1]), seed: 2))
    let shape = try broadcast(left.shape, right.shape, "test")
    func element(_ tensor: Tensor, at position: Int) -> Float {
      var (rest, offset) = (position, 0)
      let strides = tensor.shape.strides
      for axis in (0..<shape.rank).reversed() {
        let own = axis - shape.rank + tensor.rank
        if own >= 0 && tensor.shape[own] > 1 { offset += rest % shape[axis] * strides[own] }
        rest /= shape[axis]
      }
      return tensor.elements[offset]
    }
    let expected = (0..<shape.elementCount).map { element(left, at: $0) - element(right, at: $0) }
    withEveryKernelTable { _ in
      #expect((left - right).shape == shape && (left - right).elements == expected)
      let gradients = valueAndGradient(of: [left, right]) { ($0[0] - $0[1]).sum() }.gradient
      for (gradient, sign) in zip(gradients, [1, -1] as [Float]) where gradient.shape.elementCount > 0 {
        let repeated = Float(shape.elementCount / gradient.shape.elementCount)
        #expect(gradient.elements.allSatisfy { $0 == sign * repeated })
      }
    }
  }

  @Test func `sums of large tensors are the same for any number of threads`() {
    let x = Tensor.random([2, 3, 301, 211])
    let slopes = Tensor([0.1, 0.2, 0.3])
    let hinges = Tensor.random([3, 4], seed: 2)
    func results() -> [Tensor] {
      let gradients = valueAndGradient(of: [x, slopes, hinges]) { inputs in
        let hinged = piecewiseLinear(inputs[0], slopes: inputs[1], places: inputs[2], heights: inputs[2])
        return (hinged + prelu(inputs[0], inputs[1])).mean()
      }.gradient
      return [x.sum(), x + x, prelu(x, slopes)] + gradients
    }
    let one = withThreadCount(1) { results() }
    #expect(withThreadCount(3) { results() } == one)
  }

  @Test func `exponential functions are within three units in the last place, and NaN stays`() {
    // Every exponent and both signs, with all kinds of digits.
    let x = Tensor((0..<UInt32(1 << 16)).map { Float(bitPattern: $0 << 16 | ($0 &* 2_654_435_761) >> 16) })
    let functions: [(String, (Tensor) -> Tensor, (Double) -> Double)] = [
      ("exp", exp, Foundation.exp), ("sigmoid", sigmoid, { 1 / (1 + Foundation.exp(-$0)) }),
      ("tanh", tanh, Foundation.tanh),
    ]
    withEveryKernelTable { kernels in
      for (name, function, expected) in functions {
        var worst = (units: 0.0, x: Float(0))
        for (x, y) in zip(x.elements, function(x).elements) {
          let expected = expected(Double(x))
          if x.isNaN || Float(expected).isInfinite {
            #expect(x.isNaN ? y.isNaN : y == Float(expected), "\(kernels.name), \(name) of \(x)")
            continue
          }
          let units = abs(Double(y) - expected) / Double(max(Float(expected).magnitude.ulp, .leastNonzeroMagnitude))
          if !(units <= worst.units) { worst = (units, x) }
        }
        #expect(worst.units <= 3, "\(kernels.name), \(name) of \(worst.x): \(worst.units) units")
      }
    }
  }
}
