import KakudaiTensors
import TestSupport

/// The plain sums behind `conv2d` and `convTranspose2d`, in Double: kernel element (k, l) joins pixel (t, u) of the coarse
/// picture with pixel (t·stride + k·dilation − padding, …) of the fine one.
struct ConvolutionReference {
  var stride: PerAxis = 1
  var padding: PerAxis = 0
  var dilation: PerAxis = 1
  var groups = 1

  /// Shapes `(N, C, H, W)`; `weight` is `(coarse channels, fine channels / groups, kH, kW)`.
  private func forEachTerm(
    fine: Shape, coarse: Shape, weight: Shape, _ body: (_ fine: Int, _ coarse: Int, _ weight: Int) -> Void
  ) {
    let (coarsePerGroup, finePerGroup) = (coarse[1] / groups, fine[1] / groups)
    for image in 0..<fine[0] {
      for coarseChannel in 0..<coarse[1] {
        for fineOfGroup in 0..<finePerGroup {
          let fineChannel = coarseChannel / coarsePerGroup * finePerGroup + fineOfGroup
          for k in 0..<weight[2] {
            for l in 0..<weight[3] {
              let weightIndex = ((coarseChannel * finePerGroup + fineOfGroup) * weight[2] + k) * weight[3] + l
              for t in 0..<coarse[2] {
                let y = t * stride.height + k * dilation.height - padding.height
                guard y >= 0 && y < fine[2] else { continue }
                for u in 0..<coarse[3] {
                  let x = u * stride.width + l * dilation.width - padding.width
                  guard x >= 0 && x < fine[3] else { continue }
                  body(
                    ((image * fine[1] + fineChannel) * fine[2] + y) * fine[3] + x,
                    ((image * coarse[1] + coarseChannel) * coarse[2] + t) * coarse[3] + u, weightIndex)
                }
              }
            }
          }
        }
      }
    }
  }

  func coarse(fine: Tensor, weight: Tensor, bias: Tensor?, shape: Shape) -> ReferenceValues {
    var result = biases(bias, shape)
    let (fineElements, weights) = (fine.elements, weight.elements)
    forEachTerm(fine: fine.shape, coarse: shape, weight: weight.shape) { fine, coarse, weight in
      result.add(Double(fineElements[fine]) * Double(weights[weight]), at: coarse)
    }
    result.terms = weight.shape.elementCount / weight.shape[0]
    return result
  }

  func fine(coarse: Tensor, weight: Tensor, bias: Tensor?, shape: Shape) -> ReferenceValues {
    var result = biases(bias, shape)
    let (coarseElements, weights) = (coarse.elements, weight.elements)
    forEachTerm(fine: shape, coarse: coarse.shape, weight: weight.shape) { fine, coarse, weight in
      result.add(Double(coarseElements[coarse]) * Double(weights[weight]), at: fine)
    }
    result.terms = weight.shape.elementCount / weight.shape[1] / groups
    return result
  }

  func weightGradient(fine: Tensor, coarse: Tensor, shape: Shape) -> ReferenceValues {
    var result = ReferenceValues(
      values: Array(repeating: 0, count: shape.elementCount),
      magnitudes: Array(repeating: 0, count: shape.elementCount),
      terms: coarse.shape.elementCount / coarse.shape[1])
    let (fineElements, coarseElements) = (fine.elements, coarse.elements)
    forEachTerm(fine: fine.shape, coarse: coarse.shape, weight: shape) { fine, coarse, weight in
      result.add(Double(fineElements[fine]) * Double(coarseElements[coarse]), at: weight)
    }
    return result
  }

  func biasGradient(_ cotangent: Tensor) -> ReferenceValues {
    let shape = cotangent.shape
    var result = ReferenceValues(
      values: Array(repeating: 0, count: shape[1]), magnitudes: Array(repeating: 0, count: shape[1]),
      terms: shape.elementCount / shape[1])
    for (index, element) in cotangent.elements.enumerated() {
      result.add(Double(element), at: index / (shape[2] * shape[3]) % shape[1])
    }
    return result
  }

  private func biases(_ bias: Tensor?, _ shape: Shape) -> ReferenceValues {
    let values = (0..<shape.elementCount).map { index in
      bias.map { Double($0.elements[index / (shape[2] * shape[3]) % shape[1]]) } ?? 0
    }
    return ReferenceValues(values: values, magnitudes: values.map { abs($0) }, terms: 0)
  }
}

extension ReferenceValues {
  fileprivate mutating func add(_ term: Double, at index: Int) {
    values[index] += term
    magnitudes[index] += abs(term)
  }
}
