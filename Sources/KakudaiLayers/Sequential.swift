public import KakudaiTensors

/// Layers one after the other; parameters are named `0.weight`, `1.bias` … as in PyTorch's `nn.Sequential`.
///
/// ```swift
/// let model = Sequential {
///   Conv2d(inChannels: 3, outChannels: 12, kernelSize: 3, padding: 1)
///   if deep { ReLU() }
///   PixelShuffle(upscaleFactor: 2)
/// }
/// ```
public struct Sequential: Module {
  public var layers: [any Module]

  public init(_ layers: [any Module]) { self.layers = layers }

  public init(@SequentialBuilder _ layers: () -> [any Module]) { self.layers = layers() }

  public func callAsFunction(_ input: Tensor) -> Tensor { layers.reduce(input) { $1($0) } }

  public mutating func visitParameters(_ visitor: inout some ParameterVisitor) {
    for index in layers.indices { layers[index].visit(by: &visitor, as: String(index)) }
  }
}

extension Module {
  /// Opens an existential so that the visitor sees the layer's own type.
  fileprivate mutating func visit(by visitor: inout some ParameterVisitor, as name: String) {
    visitor.visit(name, &self)
  }
}

/// Collects the layers of a `Sequential`; `if`, `else` and `for` work.
@resultBuilder
public enum SequentialBuilder {
  public static func buildExpression(_ layer: any Module) -> [any Module] { [layer] }
  public static func buildExpression(_ layers: [any Module]) -> [any Module] { layers }
  public static func buildBlock(_ parts: [any Module]...) -> [any Module] { Array(parts.joined()) }
  public static func buildArray(_ parts: [[any Module]]) -> [any Module] { Array(parts.joined()) }
  public static func buildOptional(_ part: [any Module]?) -> [any Module] { part ?? [] }
  public static func buildEither(first: [any Module]) -> [any Module] { first }
  public static func buildEither(second: [any Module]) -> [any Module] { second }
}
