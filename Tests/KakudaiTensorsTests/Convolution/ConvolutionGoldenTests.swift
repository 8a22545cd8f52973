import KakudaiTensors
import KakudaiWeights
import TestSupport
import Testing

/// PyTorch's values and gradients, which these cases make exact in Float.
struct ConvolutionGoldenTests {
  @Test func `convTranspose2d is PyTorch's in every recorded case`() {
    let cases = GoldenCase.all("convTranspose2d")
    #expect(cases.count > 800)
    for golden in cases {
      let outputSize = golden.attributes["outputSize"].map { _ in golden.integers("outputSize").suffix(2) }
      golden.expect(of: ["input", "weight"] + (golden.has("bias") ? ["bias"] : [])) { operands in
        convTranspose2d(
          operands[0], operands[1], operands.count > 2 ? operands[2] : nil, stride: golden.pair("stride"),
          padding: golden.pair("padding"), outputPadding: outputSize == nil ? golden.pair("outputPadding") : 0,
          groups: golden.integer("groups"), dilation: golden.pair("dilation"),
          outputSize: outputSize.map { PerAxis(height: $0.first!, width: $0.last!) })
      }
    }
  }

  @Test func `conv2d is PyTorch's in every recorded case`() {
    let cases = GoldenCase.all("conv2d")
    #expect(cases.count == 300)
    for golden in cases {
      let mode = PaddingMode(rawValue: golden.string("paddingMode"))!
      let padding: ConvolutionPadding =
        golden.attributes["padding"]?.string == "same" ? .same : .pixels(golden.pair("padding"))
      golden.expect(of: ["input", "weight"] + (golden.has("bias") ? ["bias"] : [])) { operands in
        let amounts = stopping { () throws(ShapeError) in
          try padding.amounts(
            kernelSize: golden.pair("kernelSize"), stride: golden.pair("stride"), dilation: golden.pair("dilation"),
            "conv2d")
        }
        let padded = pad(
          operands[0],
          [amounts.horizontal.before, amounts.horizontal.after, amounts.vertical.before, amounts.vertical.after],
          mode: mode)
        return conv2d(
          mode == .zeros ? operands[0] : padded, operands[1], operands.count > 2 ? operands[2] : nil,
          stride: golden.pair("stride"), padding: mode == .zeros ? padding : 0, dilation: golden.pair("dilation"),
          groups: golden.integer("groups"))
      }
    }
  }

  @Test func `matmul is PyTorch's in every recorded case`() {
    for golden in GoldenCase.all("matmul") {
      golden.expect(of: ["left", "right"]) { matmul($0[0], $0[1]) }
    }
  }
}
