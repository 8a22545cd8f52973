import KakudaiModels
import KakudaiTensors
import TestSupport
import Testing

struct ExplanationTests {
  @Test(arguments: [
    (4, 2, 1, 0, 1), (3, 2, 1, 1, 1), (3, 2, 0, 0, 2), (2, 3, 0, 2, 1), (9, 4, 4, 3, 1), (1, 1, 0, 0, 1),
  ]) func `the coverage is that of a convolution with ones`(
    kernel: Int, stride: Int, padding: Int, outputPadding: Int, dilation: Int
  ) throws {
    let explanation = try ConvTransposeExplanation(
      inputSize: [4, 5], kernelSize: PerAxis(kernel), stride: PerAxis(stride), padding: PerAxis(padding),
      outputPadding: PerAxis(outputPadding), dilation: PerAxis(dilation))
    let counted = convTranspose2d(
      .ones([1, 1, 4, 5]), .ones([1, 1, kernel, kernel]), stride: PerAxis(stride), padding: PerAxis(padding),
      outputPadding: PerAxis(outputPadding), dilation: PerAxis(dilation))
    #expect(explanation.coverage.joined().map { Float($0) } == counted.elements)
    #expect(explanation.outputSize == PerAxis(height: counted.shape[2], width: counted.shape[3]))
    #expect(explanation.picture.shape[1] == 3)
  }

  @Test func `a kernel that is not a multiple of the stride is warned of`() throws {
    let uneven = try ConvTransposeExplanation(inputSize: 4, kernelSize: 3, stride: 2)
    #expect(uneven.warning?.contains("the kernel is 3 high, which is not a multiple of the stride 2") == true)
    #expect(uneven.text.contains("Warning: checkerboard"))
    let even = try ConvTransposeExplanation(inputSize: 4, kernelSize: 4, stride: 2, padding: 1)
    #expect(even.warning == nil)
    #expect(even.text.contains("height: (4 - 1)·2 - 2·1 + 1·(4 - 1) + 0 + 1 = 8"))
  }

  @Test func `what the layer refuses is refused`() {
    #expect(throws: ShapeError.self) { try ConvTransposeExplanation(inputSize: 4, kernelSize: 3, stride: 0) }
    #expect(throws: ShapeError.self) { try ConvTransposeExplanation(inputSize: 1, kernelSize: 1, padding: 2) }
  }
}
