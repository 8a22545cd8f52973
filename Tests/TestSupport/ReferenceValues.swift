package import KakudaiTensors
package import Testing

/// A result in Double, with what bounds the rounding of ours: the sum of the magnitudes of its terms, and their number.
package struct ReferenceValues {
  package var values: [Double]
  package var magnitudes: [Double]
  package var terms: Int

  package init(values: [Double], magnitudes: [Double], terms: Int) {
    self.values = values
    self.magnitudes = magnitudes
    self.terms = terms
  }
}

/// Expects |actual − reference| ≤ 2⁻²⁴ · (K + 8) · M for every element: K terms, M the sum of their magnitudes.
///
/// NaN and infinity must stand where they do in the reference. The worst ratio to the bound is reported.
package func expectWithinRounding(
  _ actual: Tensor, _ reference: ReferenceValues, _ label: @autoclosure () -> String = "",
  sourceLocation: SourceLocation = #_sourceLocation
) {
  guard actual.shape.elementCount == reference.values.count else {
    Issue.record(
      "\(label()): \(actual.shape) has not \(reference.values.count) elements", sourceLocation: sourceLocation)
    return
  }
  var worst = (ratio: 0.0, index: -1)
  for (index, element) in actual.elements.enumerated() {
    let expected = reference.values[index]
    let ratio: Double
    if expected.isNaN || element.isNaN {
      ratio = expected.isNaN && element.isNaN ? 0 : .infinity
    } else if expected.isInfinite || element.isInfinite {
      ratio = Double(element) == expected ? 0 : .infinity
    } else {
      let bound = 0x1p-24 * Double(reference.terms + 8) * reference.magnitudes[index] + 1e-44
      ratio = abs(Double(element) - expected) / bound
    }
    if ratio > worst.ratio { worst = (ratio, index) }
  }
  #expect(
    worst.ratio <= 1,
    """
    \(label()): element \(worst.index) is \(actual.elements[max(0, worst.index)]), the reference \
    \(reference.values[max(0, worst.index)]): \(worst.ratio) times the rounding bound
    """,
    sourceLocation: sourceLocation)
}
