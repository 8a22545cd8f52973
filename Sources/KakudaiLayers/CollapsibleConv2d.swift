public import KakudaiTensors

/// A convolution, or several linear layers that amount to one.
public protocol Collapsible: Module {
  /// The one convolution; setting it makes this layer amount to it.
  var collapsed: Conv2d { get set }
}

extension Conv2d: Collapsible {
  public var collapsed: Conv2d {
    get { self }
    set { self = newValue }
  }
}

/// A convolution that keeps the size and is trained as two linear ones in a row, a wide k×k and a 1×1, with the input added
/// where the channels allow it; computed as the single k×k convolution that the three amount to (Bhardwaj et al., 2022).
///
/// The added parameters change the way, not the result: with the collapsed weight
/// `projection · expansion + identity`, outputs and costs are those of a `Conv2d` of stride 1 and padding ⌊k/2⌋.
/// Shapes `(N, Cin, H, W) → (N, Cout, H, W)`.
public struct CollapsibleConv2d: Collapsible {
  /// `(width, inChannels · k²)`.
  public var expansion: Tensor
  /// `(outChannels, width)`.
  public var projection: Tensor
  public var bias: Tensor
  private let collapsedShape: Shape

  /// - Parameter width: Channels between the two convolutions.
  public init(inChannels: Int, outChannels: Int, kernelSize: Int, width: Int = 256) {
    guard kernelSize % 2 == 1 else {
      fatalError("CollapsibleConv2d: the kernel size must be odd, but is \(kernelSize)")
    }
    let fanIn = inChannels * kernelSize * kernelSize
    expansion = .initial([width, fanIn], fanIn: fanIn)
    projection = .initial([outChannels, width], fanIn: width)
    bias = .zeros([outChannels])
    collapsedShape = [outChannels, inChannels, kernelSize, kernelSize]
  }

  public func callAsFunction(_ input: Tensor) -> Tensor {
    conv2d(input, weight, bias, padding: .pixels(PerAxis(collapsedShape[2] / 2)))
  }

  /// `(outChannels, inChannels, k, k)`.
  private var weight: Tensor {
    let product = matmul(projection, expansion).reshaped(to: collapsedShape.dimensions)
    return collapsedShape[0] == collapsedShape[1] ? product + identity : product
  }

  /// The weight of a convolution that changes nothing.
  private var identity: Tensor {
    let (channels, size) = (collapsedShape[0], collapsedShape[2])
    var identity = Tensor.zeros(collapsedShape)
    identity.withUnsafeMutableBufferPointer { elements in
      for channel in 0..<channels {
        elements[(channel * channels + channel) * size * size + size * size / 2] = 1
      }
    }
    return identity
  }

  public var collapsed: Conv2d {
    get {
      var convolution = withRandomSeed(0) {
        Conv2d(
          inChannels: collapsedShape[1], outChannels: collapsedShape[0], kernelSize: PerAxis(collapsedShape[2]),
          padding: .pixels(PerAxis(collapsedShape[2] / 2)))
      }
      convolution.weight = weight
      convolution.bias = bias
      return convolution
    }
    set { expand(newValue) }
  }

  /// The projection takes the first channels as they are, and these hold the weight without the identity; the other channels
  /// keep their kernels, and begin with a projection of 0.
  private mutating func expand(_ convolution: Conv2d) {
    let outChannels = collapsedShape[0]
    guard convolution.weight.shape == collapsedShape, let newBias = convolution.bias, expansion.shape[0] >= outChannels
    else {
      fatalError(
        "CollapsibleConv2d: \(convolution) does not expand into \(expansion.shape[0]) channels of \(collapsedShape)")
    }
    let isResidual = collapsedShape[0] == collapsedShape[1]
    let product = isResidual ? convolution.weight - identity : convolution.weight
    projection.withUnsafeMutableBufferPointer { elements in
      let width = elements.count / outChannels
      for index in elements.indices { elements[index] = index / width == index % width ? 1 : 0 }
    }
    expansion.withUnsafeMutableBufferPointer { elements in
      product.withUnsafeBufferPointer { _ = elements.update(fromContentsOf: $0) }
    }
    bias = newBias
  }

  public mutating func visitParameters(_ visitor: inout some ParameterVisitor) {
    visitor.visit("expansion", &expansion)
    visitor.visit("projection", &projection)
    visitor.visit("bias", &bias)
  }

  public var printedAttributes: String {
    "\(collapsedShape[1]), \(collapsedShape[0]), kernel_size=\(collapsedShape[2]), width=\(expansion.shape[0])"
  }
}
