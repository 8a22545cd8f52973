import CKakudaiKernels

/// A 3×3 convolution with stride 1 of each channel by itself, several rows at once from rows that stand with zeros around them.
///
/// Each output has the bits that computing it directly gives it.
struct DepthwiseConvolution: Sendable {
  private let plan: CorrelationPlan
  private let weight: Tensor
  private let bias: Tensor?
  private let activations: Storage?
  private let epilogue: ConvolutionEpilogue

  /// `nil` for another convolution, and where the epilogue adds a residual.
  init?(_ plan: CorrelationPlan, weight: Tensor, bias: Tensor?, epilogue: ConvolutionEpilogue) {
    guard plan.direction == .correlation, plan.inputChannels == 1, plan.outputChannels == 1, plan.margins != nil,
      weight.shape.dimensions.suffix(2) == [3, 3], epilogue.residual == .none,
      [plan.vertical, plan.horizontal].allSatisfy({ $0.readStride == 1 && $0.reach == 2 })
    else { return nil }
    (self.plan, self.weight, self.bias, self.epilogue) = (plan, weight, bias, epilogue)
    activations = plan.activations(of: epilogue)
  }

  /// - Returns: whether the rows of the input have the zeros around them that this needs; else nothing is done.
  func compute(
    rows: Range<Int>, columns: Range<Int>, from input: RowWindow, to output: RowWindow, kernels: ck_convolution_kernels
  ) -> Bool {
    guard let zeros = input.zeros(for: plan.margins) else { return false }
    let most = Int(CK_DEPTHWISE_ROWS)
    var call = ck_depthwise_planes()
    call.input = UnsafePointer(input.base) + columns.lowerBound + plan.horizontal.smallestOffset
    call.inputChannelStride = input.channelStride
    call.output = output.base + columns.lowerBound
    call.outputChannelStride = output.channelStride
    (call.channels, call.width) = (weight.shape[0], columns.count)
    call.weights = UnsafePointer(weight.storage.elements)
    call.bias = bias.map { UnsafePointer($0.storage.elements) }
    func offset(ofInputRow y: Int) -> Int {
      y >= 0 && y < plan.vertical.inputLength ? input.offset(row: y) : zeros.row
    }
    func compute(_ epilogue: UnsafePointer<ck_epilogue>?) {
      call.epilogue = epilogue
      for top in stride(from: rows.lowerBound, to: rows.upperBound, by: most) {
        let count = min(most, rows.upperBound - top)
        call.rows = count
        withUnsafeMutableBytes(of: &call.inputRows) {
          let offsets = $0.bindMemory(to: Int.self)
          for index in 0..<count + 2 {
            offsets[index] = offset(ofInputRow: top + index + plan.vertical.smallestOffset)
          }
        }
        withUnsafeMutableBytes(of: &call.outputRows) {
          let offsets = $0.bindMemory(to: Int.self)
          for index in 0..<count { offsets[index] = output.offset(row: top + index) }
        }
        kernels.convolveDepthwise(&call)
      }
    }
    if let epilogue = epilogue.kernelEpilogue(activations: activations) {
      withUnsafePointer(to: epilogue) { compute($0) }
    } else {
      compute(nil)
    }
    withExtendedLifetime(self) {}
    return true
  }
}
