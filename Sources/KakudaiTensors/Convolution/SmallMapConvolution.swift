import CKakudaiKernels

/// A convolution of small maps made ready to be computed, whole or in rows; see `SmallMapPlan`.
final class SmallMapConvolution: Sendable {
  let plan: SmallMapPlan
  private let kernels: Kernels
  private let bias: Tensor?
  private let epilogue: ConvolutionEpilogue
  private let packed: Storage
  private let activations: Storage?

  init(
    _ plan: SmallMapPlan, weight: Tensor, bias: Tensor?, epilogue: ConvolutionEpilogue, threads: Int, kernels: Kernels
  ) {
    (self.plan, self.kernels, self.bias, self.epilogue) = (plan, kernels, bias, epilogue)
    packed = plan.packed(weight, threads: threads, kernels: kernels)
    activations = epilogue.kernelActivations(ofChannels: 0..<plan.outputChannels * plan.extents.groups)
  }

  private var operands: SmallMapPlan.Operands {
    SmallMapPlan.Operands(
      weights: UnsafePointer(packed.elements), biases: bias.map { UnsafePointer($0.storage.elements) },
      epilogue: epilogue.kernelEpilogue(activations: activations), kernels: kernels.table.pointee.maps)
  }

  /// Rows of the output of one image; windows hold all channels.
  func compute(
    rows: Range<Int>, from input: RowWindow, to output: RowWindow, residual: RowWindow?, _ scratch: SmallMapPlan.Scratch
  ) {
    let groups = plan.extents.groups
    let copy =
      input.isContiguous
      ? nil
      : input.copied(
        plan.vertical.needed(rows), 0..<input.width, channels: groups * plan.inputChannels, lanes: kernels.lanes)
    for group in 0..<groups {
      let first = group * plan.outputChannels
      let source = (copy?.window ?? input).channels(from: group * plan.inputChannels)
      plan.turn(rows, from: source, operands, scratch)
      for chunk in plan.chunks.indices {
        plan.run(
          rows, group: group, chunk: chunk, operands, to: output.channels(from: first),
          residual: residual?.channels(from: first), scratch)
      }
    }
    withExtendedLifetime(copy) {}
  }

  /// All images, in parallel.
  func compute(_ input: Tensor, residual: Tensor?, threads: Int, shape: Shape) -> Tensor {
    func window(_ planes: UnsafeMutablePointer<Float>, _ size: PerAxis) -> RowWindow {
      RowWindow(planes: planes, height: size.height, width: size.width)
    }
    let maps = plan.extents.batch * plan.extents.groups
    let (rows, chunks) = (0..<plan.outputSize.height, plan.chunks.count)
    // Threads share the weights of few maps, and each turns all samples.
    let parts = min(chunks, (threads + maps - 1) / maps)
    return Tensor(shape: shape) { output in
      let (source, target) = (
        window(input.storage.elements, plan.inputSize), window(output.baseAddress!, plan.outputSize)
      )
      let addend = epilogue.residual == .none ? nil : residual.map { window($0.storage.elements, plan.outputSize) }
      withThreadCount(threads) {
        Parallel.forEach(maps * parts) { tasks in
          let scratch = SmallMapPlan.Scratch(plan)
          for task in tasks {
            let (map, part) = task.quotientAndRemainder(dividingBy: parts)
            let first = map * plan.outputChannels
            plan.turn(rows, from: source.channels(from: map * plan.inputChannels), operands, scratch)
            for chunk in chunks * part / parts..<chunks * (part + 1) / parts {
              plan.run(
                rows, group: map % plan.extents.groups, chunk: chunk, operands, to: target.channels(from: first),
                residual: addend?.channels(from: first), scratch)
            }
          }
        }
      }
      withExtendedLifetime((input, residual)) {}
    }
  }
}
