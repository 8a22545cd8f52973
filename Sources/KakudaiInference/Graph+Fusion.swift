import KakudaiTensors

extension Graph {
  /// Takes what follows a convolution into it, where nothing else reads its result: arithmetic with a constant for each channel
  /// (as batch normalisation has it) into the weights, activations and additions into the epilogue.
  mutating func fuseIntoConvolutions() {
    let uses = uses
    for index in values.indices {
      guard case .result(let operation, let inputs) = values[index].origin else { continue }
      let constants = inputs.map { constant($0) }
      for (position, input) in inputs.enumerated() where uses[input] == 1 && values[input].shape == values[index].shape
      {
        guard case .result(var convolution as FusedConvolution, let sources) = values[input].origin else { continue }
        if convolution.epilogue == .none,
          let affine = AffineStep(operation, flowing: position, constants: constants, shape: values[index].shape)
        {
          convolution = convolution.followed(byScale: affine.scale, shift: affine.shift)
        } else if let step = operation as? any EpilogueOperation,
          let epilogue = step.appended(to: convolution.epilogue, constants: constants)
        {
          let addsResidual = epilogue.residual != convolution.epilogue.residual
          // A residual has the output's shape.
          guard !addsResidual || values[inputs[1 - position]].shape == values[index].shape else { continue }
          convolution.epilogue = epilogue
          values[index].origin = .result(
            convolution, inputs: addsResidual ? [sources[0], inputs[1 - position]] : sources)
          break
        } else {
          continue
        }
        values[index].origin = .result(convolution, inputs: sources)
        break
      }
    }
  }

  /// How often each value is used.
  var uses: [Int] {
    var uses = [Int](repeating: 0, count: values.count)
    for index in values.indices { for input in inputs(index) { uses[input] += 1 } }
    uses[output] += 1
    return uses
  }
}

/// One of the four kinds of arithmetic with a constant for each channel: `scale · x + shift`.
private struct AffineStep {
  var scale: [Float]
  var shift: [Float]

  /// - Parameter flowing: Which operand x is.
  init?(_ operation: any KakudaiTensors.Operation, flowing: Int, constants: [Tensor?], shape: Shape) {
    guard constants.count == 2, shape.isPicture, let constant = constants[1 - flowing],
      let values = constant.perChannel(of: shape)
    else { return nil }
    let (zeros, ones) = (values.map { _ in Float(0) }, values.map { _ in Float(1) })
    switch (type(of: operation).name, flowing) {
    case ("add", _): (scale, shift) = (ones, values)
    case ("subtract", 0): (scale, shift) = (ones, values.map { -$0 })
    case ("subtract", _): (scale, shift) = (ones.map { -$0 }, values)
    case ("multiply", _): (scale, shift) = (values, zeros)
    case ("divide", 0): (scale, shift) = (values.map { 1 / $0 }, zeros)
    default: return nil
    }
  }
}

extension Tensor {
  /// One element for each channel of a picture, where that is what this tensor is stretched from.
  fileprivate func perChannel(of picture: Shape) -> [Float]? {
    let channels = picture[-3]
    if shape.elementCount == 1 { return Array(repeating: elements[0], count: channels) }
    let isPerChannel = rank >= 3 && shape[-1] == 1 && shape[-2] == 1 && shape[-3] == channels
    return isPerChannel && shape.elementCount == channels ? elements : nil
  }
}
