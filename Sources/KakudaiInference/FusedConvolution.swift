import KakudaiTensors

/// A convolution or a transposed one with its weights and what follows it, as a network that is ready to run holds it.
///
/// The inputs are the picture and, where the epilogue adds one, the residual.
struct FusedConvolution: KakudaiTensors.Operation {
  static let name = "convolution"

  var direction: RowConvolution.Direction
  var geometry: ConvolutionGeometry
  /// As `conv2d` or `convTranspose2d` takes it.
  var weight: Tensor
  var bias: Tensor?
  var epilogue = ConvolutionEpilogue.none

  /// `nil` for another operation, and where the weights are not constant.
  init?(_ operation: any KakudaiTensors.Operation, constants: [Tensor?]) {
    switch operation {
    case let convolution as Convolution: (direction, geometry) = (.convolution, convolution.geometry)
    case let convolution as TransposedConvolution: (direction, geometry) = (.transposed, convolution.geometry)
    default: return nil
    }
    guard constants[0] == nil, let weight = constants[1], constants.count == 2 || constants[2] != nil else {
      return nil
    }
    self.weight = weight
    bias = constants.count > 2 ? constants[2] : nil
  }

  private var parameters: [Tensor] { [weight] + (bias.map { [$0] } ?? []) }

  func outputShape(of inputs: [Shape]) throws(ShapeError) -> Shape {
    let operands = [inputs[0]] + parameters.map(\.shape)
    return switch direction {
    case .convolution: try Convolution(geometry: geometry).outputShape(of: operands)
    case .transposed: try TransposedConvolution(geometry: geometry).outputShape(of: operands)
    }
  }

  func value(of inputs: [Tensor], shape: Shape) -> Tensor {
    let operands = [inputs[0]] + parameters
    let residual = inputs.count > 1 ? inputs[1] : nil
    return switch direction {
    case .convolution:
      Convolution(geometry: geometry).value(of: operands, shape: shape, epilogue: epilogue, residual: residual)
    case .transposed:
      TransposedConvolution(geometry: geometry).value(
        of: operands, shape: shape, epilogue: epilogue, residual: residual)
    }
  }

  /// Plans are not differentiated.
  func gradients(_ context: GradientContext) -> [Tensor?] { [nil] }

  var outChannels: Int { direction == .convolution ? weight.shape[0] : weight.shape[1] * geometry.groups }
}

extension FusedConvolution: RowOperation {
  func rowKernel(_ inputs: [RowInput], shape: Shape) -> (any RowKernel)? {
    try? RowConvolution(direction, geometry, weight: weight, bias: bias, epilogue: epilogue, input: inputs[0].shape)
  }
}

extension FusedConvolution {
  /// The convolution followed by `scale · y + shift` of each output channel; there is no epilogue yet.
  func followed(byScale scale: [Float], shift: [Float]) -> FusedConvolution {
    var result = self
    let perOutput = weight.shape[1] * weight.shape[2] * weight.shape[3]
    let area = weight.shape[2] * weight.shape[3]
    let outputsPerGroup = outChannels / geometry.groups
    let inputsPerGroup = weight.shape[0] / geometry.groups
    result.weight.withUnsafeMutableBufferPointer { weights in
      for index in weights.indices {
        // Outputs stand along axis 0 of a convolution's weight, and along axis 1, counted in the group of the input of axis 0,
        // of a transposed one's.
        let output =
          direction == .convolution
          ? index / perOutput : index / perOutput / inputsPerGroup * outputsPerGroup + index % perOutput / area
        weights[index] *= scale[output]
      }
    }
    let biases = bias?.elements ?? Array(repeating: 0, count: outChannels)
    result.bias = Tensor(zip(zip(biases, scale), shift).map { $0.0 * $0.1 + $1 })
    return result
  }
}
