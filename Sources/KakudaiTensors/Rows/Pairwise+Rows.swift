import CKakudaiKernels

extension Pairwise: RowOperation {
  package func rowKernel(_ inputs: [RowInput], shape: Shape) -> (any RowKernel)? {
    // What flows by has the result's size; constants may be stretched.
    guard inputs.allSatisfy({ $0.constant != nil || $0.shape.dimensions.suffix(3) == shape.dimensions.suffix(3) })
    else {
      return nil
    }
    return PairwiseRows(
      pairing: Function.kernel, operands: inputs.map { $0.constant.map { StretchedConstant($0, shape: shape) } },
      channels: shape[-3], kernels: Kernels.current)
  }
}

/// A constant operand, and how it is read when it is stretched to a picture.
private struct StretchedConstant: Sendable {
  private let values: Tensor
  private let runs: BroadcastRuns
  private let picture: Shape
  /// Elements from one column to the next.
  let step: Int

  init(_ values: Tensor, shape: Shape) {
    self.values = values
    runs = BroadcastRuns(of: [values.shape], in: shape)
    picture = shape
    step = values.rank == 0 || values.shape[-1] == 1 ? 0 : 1
  }

  func row(_ y: Int, channel: Int) -> UnsafePointer<Float> {
    UnsafePointer(values.storage.elements) + runs.position(of: (channel * picture[-2] + y) * picture[-1], in: 0)
  }
}

/// A function of pairs of elements.
private struct PairwiseRows: RowKernel {
  let pairing: ck_pairing
  /// `nil` for what flows by.
  let operands: [StretchedConstant?]
  let channels: Int
  let kernels: Kernels

  func compute(
    rows: Range<Int>, columns: Range<Int>, from inputs: [RowWindow], to output: RowWindow, _ scratch: (any RowScratch)?
  ) {
    let combine = kernels.pointwise.combine!
    let (leftStep, rightStep) = (operands[0]?.step ?? 1, operands[1]?.step ?? 1)
    let start = columns.lowerBound
    for channel in 0..<channels {
      for y in rows {
        let left = operands[0]?.row(y, channel: channel) ?? UnsafePointer(inputs[0].row(y, channel: channel))
        let right = operands[1]?.row(y, channel: channel) ?? UnsafePointer(inputs.last!.row(y, channel: channel))
        combine(
          pairing, left + start * leftStep, leftStep, right + start * rightStep, rightStep,
          output.row(y, channel: channel) + start, columns.count)
      }
    }
  }
}
