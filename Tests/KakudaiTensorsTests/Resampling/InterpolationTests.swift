import KakudaiTensors
import KakudaiWeights
import TestSupport
import Testing

struct InterpolationTests {
  /// PyTorch's gradient of `nearest` on volumes ignores the scale factor, and so is not that of its own value; ours is.
  static func hasConsistentGradient(_ golden: GoldenCase) -> Bool {
    !(golden.string("mode") == "nearest" && golden.operand("input").rank == 5 && golden.attributes["scaleFactor"] != nil
      && golden.bool("recomputeScaleFactor") == false)
  }

  @Test(arguments: GoldenCase.all("interpolate")) func `values and gradients are PyTorch's`(_ golden: GoldenCase) {
    golden.expect(
      of: ["input"], units: 32, magnitude: 2, includingGradients: Self.hasConsistentGradient(golden)
    ) { inputs in
      interpolate(
        inputs[0], size: golden.attributes["size"].map { _ in SpatialValues(golden.integers("size")) },
        scaleFactor: golden.attributes["scaleFactor"]?.array.map { SpatialValues($0.map { $0.double! }) },
        mode: InterpolationMode(rawValue: golden.string("mode"))!,
        alignCorners: golden.attributes["alignCorners"]?.bool,
        recomputeScaleFactor: golden.attributes["recomputeScaleFactor"]?.bool ?? false,
        antialias: golden.bool("antialias"))
    }
  }

  @Test func `the article's call doubles a picture`() {
    #expect(interpolate(.random([1, 3, 28, 28]), scaleFactor: 2, mode: .bilinear).shape == [1, 3, 56, 56])
  }

  @Test func `an antialiased constant stays what it is`() {
    for mode in [InterpolationMode.bilinear, .bicubic, .lanczos] {
      let output = interpolate(.ones([1, 1, 37, 41]), size: [11, 90], mode: mode, antialias: true)
      for element in output.elements { #expect(abs(element - 1) < 1e-6) }
    }
  }

  @Test(
    arguments: [
      ([61, 1301], [130, 613], .bicubic, true), ([300, 129], [40, 1100], .bilinear, true),
      ([7, 65], [14, 130], .bicubic, false),
      ([200, 33], [401, 64], .lanczos, true), ([5, 700], [3, 17], .area, false),
      ([33, 47], [99, 15], .nearest, false), ([19, 133], [38, 266], .bilinear, false),
      ([40, 262], [20, 131], .bilinear, false), ([12, 71], [48, 284], .bicubic, false),
      ([9, 71], [18, 142], .nearest, false), ([34, 260], [17, 130], .bilinear, true),
      ([1, 1], [3, 5], .bilinear, false),
    ] as [([Int], [Int], InterpolationMode, Bool)])
  func `pictures of several bands are the plain sums, and so are their gradients`(
    _ from: [Int], _ to: [Int], _ mode: InterpolationMode, _ antialiases: Bool
  ) {
    let axes = zip(from, to).map { ResamplingWeights(mode, from: $0, to: $1, antialiases: antialiases) }
    /// The weight of an input sample in an output one.
    func matrix(_ axis: ResamplingWeights) -> [[Double]] {
      (0..<axis.outputLength).map { output in
        var row = [Double](repeating: 0, count: axis.inputLength)
        for index in axis.offsets[output]..<axis.offsets[output + 1] {
          row[axis.starts[output] + index - axis.offsets[output]] = Double(axis.weights[index])
        }
        return row
      }
    }
    func product(_ left: [[Double]], _ right: [[Double]]) -> [[Double]] {
      left.map { row in
        var sums = [Double](repeating: 0, count: right[0].count)
        for (weight, other) in zip(row, right) where weight != 0 {
          for column in sums.indices { sums[column] += weight * other[column] }
        }
        return sums
      }
    }
    func transposed(_ matrix: [[Double]]) -> [[Double]] {
      matrix[0].indices.map { column in matrix.map { $0[column] } }
    }
    func expect(_ tensor: Tensor, _ expected: [[Double]], _ label: String) {
      let worst = zip(tensor.elements, expected.joined()).map { abs(Double($0) - $1) }.max()!
      #expect(worst < 2e-5, "\(label)")
    }
    let (vertical, horizontal) = (matrix(axes[0]), matrix(axes[1]))
    let picture = Tensor.random([1, 1, from[0], from[1]], seed: 1)
    let cotangent = Tensor.random([1, 1, to[0], to[1]], seed: 2)
    func rows(_ tensor: Tensor) -> [[Double]] {
      let (elements, width) = (tensor.elements, tensor.shape[3])
      return (0..<tensor.shape[2]).map { row in elements[row * width..<(row + 1) * width].map { Double($0) } }
    }
    let value = product(product(vertical, rows(picture)), transposed(horizontal))
    let gradient = product(product(transposed(vertical), rows(cotangent)), horizontal)
    withEveryKernelTable { kernels in
      func results() -> [Tensor] {
        let operation = Interpolation(size: SpatialValues(to), mode: mode, antialiases: antialiases)
        return [
          operation(picture),
          valueAndGradient(of: picture) { Projection(cotangent: cotangent)(operation($0)) }.gradient,
        ]
      }
      let one = withThreadCount(1) { results() }
      expect(one[0], value, "\(kernels.name), value")
      expect(one[1], gradient, "\(kernels.name), gradient")
      #expect(withThreadCount(3) { results() } == one)
    }
  }

  /// Large results are written past the caches, each of their planes alone is not.
  @Test func `results beyond the caches are those of their planes`() {
    let picture = Tensor.random([1, 5, 500, 516], seed: 1)
    let shuffled = Tensor.random([1, 20, 500, 516], seed: 2)
    withEveryKernelTable { kernels in
      let (large, joined) = (
        interpolate(picture, scaleFactor: 2, mode: .bilinear), pixelShuffle(shuffled, upscaleFactor: 2)
      )
      for plane in 0..<5 {
        let alone = interpolate(picture.sliced(1, plane..<plane + 1), scaleFactor: 2, mode: .bilinear)
        #expect(large.sliced(1, plane..<plane + 1) == alone, "\(kernels.name), plane \(plane)")
        let parts = shuffled.sliced(1, 4 * plane..<4 * plane + 4)
        #expect(joined.sliced(1, plane..<plane + 1) == pixelShuffle(parts, upscaleFactor: 2), "\(kernels.name)")
      }
    }
  }

  /// Parts are too narrow for the kernel that knows whole factors; away from their borders they have the bits of the whole.
  @Test(
    arguments: [
      (.bilinear, 2, 3, 1), (.bilinear, 4, 3, 2), (.bilinear, 0.5, 6, 0), (.bicubic, 2, 5, 3), (.bicubic, 0.5, 6, 1),
      (.nearest, 2, 3, 0), (.nearest, 0.5, 6, 0),
    ] as [(InterpolationMode, Double, Int, Int)], [40, 64, 131])
  func `whole factors have the bits of the general way`(
    _ testCase: (mode: InterpolationMode, factor: Double, part: Int, border: Int), width: Int
  ) {
    let picture = Tensor.random([1, 3, 4, width], seed: 1)
    func enlarged(_ picture: Tensor) -> Tensor {
      interpolate(picture, scaleFactor: SpatialValues(testCase.factor), mode: testCase.mode)
    }
    withEveryKernelTable { kernels in
      let whole = enlarged(picture)
      for first in stride(from: 0, through: width - testCase.part, by: 2) {
        let part = enlarged(picture.sliced(3, first..<first + testCase.part))
        let inner = testCase.border..<part.shape[3] - testCase.border
        let start = Int(Double(first) * testCase.factor)
        #expect(
          part.sliced(3, inner) == whole.sliced(3, start + inner.lowerBound..<start + inner.upperBound),
          "\(kernels.name), columns from \(first)")
      }
    }
  }

  @Test func `infinities stay with the outputs whose runs they are in`() {
    withEveryKernelTable { _ in
      var picture = Tensor.zeros([1, 1, 1, 40])
      picture.withUnsafeMutableBufferPointer { $0[20] = .infinity }
      let output = interpolate(picture, size: [1, 80], mode: .bilinear).elements
      #expect(output.indices.filter { !output[$0].isFinite } == [39, 40, 41, 42])
      #expect(output.allSatisfy { !$0.isNaN })
    }
  }

  struct Refusal: Sendable, CustomTestStringConvertible {
    var operation: Interpolation
    var input: Shape
    var message: String
    var testDescription: String { message }
  }

  @Test(arguments: [
    Refusal(operation: Interpolation(mode: .nearest), input: [1, 1, 4, 5], message: "either size or scaleFactor"),
    Refusal(
      operation: Interpolation(size: 3, scaleFactor: 2, mode: .nearest), input: [1, 1, 4, 5],
      message: "only one of size"),
    Refusal(
      operation: Interpolation(scaleFactor: 2, mode: .nearest, alignsCorners: true), input: [1, 1, 4, 5],
      message: "alignCorners has no meaning in mode nearest"),
    Refusal(
      operation: Interpolation(scaleFactor: 2, mode: .bilinear), input: [1, 4, 5],
      message: "mode bilinear needs an input of 4 axes, but it is (1, 4, 5)"),
    Refusal(operation: Interpolation(scaleFactor: 2, mode: .nearest), input: [4, 5], message: "but is (4, 5)"),
    Refusal(
      operation: Interpolation(size: [8, 8, 8], mode: .nearest), input: [1, 1, 4, 5], message: "the size [8, 8, 8]"),
    Refusal(
      operation: Interpolation(scaleFactor: [2, 2, 2], mode: .nearest), input: [1, 1, 4, 5],
      message: "the scale factor [2.0, 2.0, 2.0]"),
    Refusal(operation: Interpolation(scaleFactor: 0.1, mode: .nearest), input: [1, 1, 4, 5], message: "[0, 0]"),
    Refusal(operation: Interpolation(size: 0, mode: .nearest), input: [1, 1, 4, 5], message: "must not be empty"),
    Refusal(
      operation: Interpolation(scaleFactor: -1, mode: .nearest), input: [1, 1, 4, 5], message: "must be positive"),
    Refusal(
      operation: Interpolation(scaleFactor: 2, mode: .nearest, antialiases: true), input: [1, 1, 4, 5],
      message: "antialias works in modes"),
    Refusal(operation: Interpolation(scaleFactor: 2, mode: .lanczos), input: [1, 1, 4, 5], message: "needs antialias"),
    Refusal(
      operation: Interpolation(size: 8, mode: .nearest, recomputesScaleFactor: true), input: [1, 1, 4, 5],
      message: "no meaning with an explicit size"),
    Refusal(operation: Interpolation(scaleFactor: 2, mode: .nearest), input: [1, 0, 4, 5], message: "(1, 0, 4, 5)"),
  ]) func `what PyTorch refuses is refused with the numbers`(_ refusal: Refusal) {
    let error = #expect(throws: ShapeError.self) { try refusal.operation.outputShape(of: [refusal.input]) }
    #expect(error?.description.contains(refusal.message) == true, "\(error?.description ?? "nothing")")
  }
}
