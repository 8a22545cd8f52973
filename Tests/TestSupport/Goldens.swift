package import KakudaiTensors
package import KakudaiWeights
package import Testing

/// One recorded case of a family of `Tests/Goldens`; the format is described there.
package struct GoldenCase: Sendable, CustomTestStringConvertible {
  package let id: String
  package let attributes: JSON
  private let file: Safetensors

  /// All cases of a family, whose operation is `operation` where it is given.
  package static func all(_ family: String, operation: String? = nil) -> [GoldenCase] {
    let path = #filePath.split(separator: "/").dropLast(2).map { "/" + $0 }.joined() + "/Goldens/\(family).safetensors"
    let file: Safetensors
    do { file = try Safetensors(contentsOf: path) } catch { fatalError(error.description) }
    return file.metadata.keys.sorted().compactMap { key in
      guard key.hasPrefix("case."), let text = file.metadata[key] else { return nil }
      guard let attributes = try? JSONReader.value(of: Array(text.utf8)[...]) else { fatalError("\(key) is not JSON") }
      guard operation == nil || attributes["op"]?.string == operation else { return nil }
      return GoldenCase(id: String(key.dropFirst(5)), attributes: attributes, file: file)
    }
  }

  package var testDescription: String { id }

  /// Whether Float arithmetic does not round, so that results must be equal.
  package var isExact: Bool { attributes["exact"]?.bool ?? false }
  package var isSpecial: Bool { attributes["special"]?.bool ?? false }

  package func has(_ operand: String) -> Bool { attributes["shapes"]?[operand] != nil }
  package func string(_ name: String) -> String { attributes[name]!.string! }
  package func bool(_ name: String) -> Bool { attributes[name]!.bool! }
  package func integer(_ name: String) -> Int { attributes[name]!.integer! }
  package func float(_ name: String) -> Float { Float(attributes[name]!.double!) }
  package func integers(_ name: String) -> [Int] { attributes[name]!.array!.map { $0.integer! } }
  package func pair(_ name: String) -> PerAxis { PerAxis(height: integers(name)[0], width: integers(name)[1]) }

  /// An operand, stored or generated.
  package func operand(_ name: String) -> Tensor {
    if file.entry("\(id)/\(name)") != nil && (attributes["stored"]?.array ?? []).contains(.string(name)) {
      return result(name)
    }
    let shapeName = name == "cotangent" ? "output" : name
    let shape = Shape(attributes["shapes"]![shapeName]!.array!.map { $0.integer! })
    let generated = Self.generated(shape, seed: attributes["seeds"]![name]!.integer!)
    let isPositive = (attributes["positive"]?.array ?? []).contains(.string(name))
    let scale = Float(attributes["scales"]?[name]?.double ?? 1)
    return (isPositive ? abs(generated) + 1 / 64 : generated) * scale
  }

  /// Multiples of 1/64 within ±125/64.
  package static func generated(_ shape: Shape, seed: Int) -> Tensor {
    let elements = (0..<UInt64(shape.elementCount)).map { index -> Float in
      let numerator = (index * 7919 + UInt64(seed) * 104_729 + (index * index) % 251 * 31) % 251
      return (Float(numerator) - 125) / 64
    }
    return Tensor(elements, shape: shape)
  }

  /// A recorded tensor, rounded to Float.
  package func result(_ name: String) -> Tensor {
    do { return try file.tensor("\(id)/\(name)") } catch { fatalError(error.description) }
  }

  /// Whether a result was recorded.
  package func hasResult(_ name: String) -> Bool { file.entry("\(id)/\(name)") != nil }

  /// Expects a recorded result, element by element: equal where the case is exact, else within
  /// `units` · 2⁻²⁴ · (|expected| + `magnitude`).
  package func expect(
    _ actual: Tensor, is name: String, units: Double = 8, magnitude: Double = 0,
    sourceLocation: SourceLocation = #_sourceLocation
  ) {
    let recorded = result(name)
    guard actual.shape == recorded.shape else {
      Issue.record("\(id) \(name): shape \(actual.shape), PyTorch \(recorded.shape)", sourceLocation: sourceLocation)
      return
    }
    let expected = file.doubles("\(id)/\(name)") ?? recorded.elements.map(Double.init)
    let inFloat = isSpecial && hasResult("\(name).float32") ? result("\(name).float32").elements : recorded.elements
    var worst = (excess: 0.0, index: 0)
    for (index, element) in actual.elements.enumerated() {
      let excess: Double
      if isSame(element, recorded.elements[index]) || (isSpecial && isSame(element, inFloat[index])) {
        continue
      } else if isExact || !element.isFinite || !recorded.elements[index].isFinite {
        excess = .infinity
      } else {
        let bound = units * 0x1p-24 * (abs(expected[index]) + magnitude) + 0x1p-149
        excess = abs(Double(element) - expected[index]) / bound
      }
      if excess > worst.excess { worst = (excess, index) }
    }
    #expect(
      worst.excess <= 1,
      """
      \(id) \(name): element \(worst.index) is \(actual.elements[worst.index]), PyTorch \(expected[worst.index]), \
      \(worst.excess) times the bound
      """,
      sourceLocation: sourceLocation)
  }

  /// Expects `function` of the named operands, and all gradients that were recorded, on every instruction set.
  package func expect(
    of operands: [String], units: Double = 8, magnitude: Double = 0, includingGradients: Bool = true,
    sourceLocation: SourceLocation = #_sourceLocation,
    _ function: ([Tensor]) -> Tensor
  ) {
    let inputs = operands.map(operand)
    let cotangent = operand("cotangent")
    withEveryKernelTable { _ in
      var output: Tensor?
      let gradients = valueAndGradient(of: inputs) { inputs in
        let result = function(inputs)
        output = result.unrecorded
        return Projection(cotangent: cotangent)(result)
      }.gradient
      expect(output!, is: "output", units: units, magnitude: magnitude, sourceLocation: sourceLocation)
      for (name, gradient) in zip(operands, gradients) where includingGradients && hasResult("gradient.\(name)") {
        expect(gradient, is: "gradient.\(name)", units: units, magnitude: magnitude, sourceLocation: sourceLocation)
      }
    }
  }
}

private func isSame(_ left: Float, _ right: Float) -> Bool { left == right || (left.isNaN && right.isNaN) }
