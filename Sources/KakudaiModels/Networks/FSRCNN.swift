public import KakudaiLayers
public import KakudaiTensors
public import KakudaiWeights

/// The fast super-resolution network of Dong, Loy and Tang (2016): luma `(N, 1, H, W) → (N, 1, scale·H, scale·W)`.
///
/// 5×5 features, 1×1 shrinking, 3×3 mapping layers, 1×1 expanding, each with PReLU, then one 9×9 `ConvTranspose2d` whose
/// stride is the scale.
public struct FSRCNN: SuperResolutionNetwork {
  public static let architecture = "fsrcnn"

  public var feature: Conv2d
  public var featureActivation: PReLU
  /// Shrinking, mapping and expanding.
  public var middle: [Conv2d]
  public var middleActivations: [PReLU]
  public var enlargement: ConvTranspose2d

  public var scale: Int { enlargement.stride.height }
  public var channels: Int { 1 }
  public var widestChannels: Int { feature.weight.shape[0] }
  public var options: [String: Int] {
    ["features": widestChannels, "shrunk": middle[0].weight.shape[0], "mappings": middle.count - 2]
  }

  /// - Parameters:
  ///   - features: d of the paper.
  ///   - shrunk: s of the paper.
  ///   - mappings: m of the paper.
  public init(scale: Int, features: Int = 56, shrunk: Int = 12, mappings: Int = 4) {
    feature = Conv2d(inChannels: 1, outChannels: features, kernelSize: 5, padding: 2)
    featureActivation = PReLU(parameters: features)
    middle = [Conv2d(inChannels: features, outChannels: shrunk, kernelSize: 1)]
    middle += (0..<mappings).map { _ in Conv2d(inChannels: shrunk, outChannels: shrunk, kernelSize: 3, padding: 1) }
    middle.append(Conv2d(inChannels: shrunk, outChannels: features, kernelSize: 1))
    middleActivations = middle.map { PReLU(parameters: $0.weight.shape[0]) }
    enlargement = ConvTranspose2d(
      inChannels: features, outChannels: 1, kernelSize: 9, stride: PerAxis(scale), padding: 4,
      outputPadding: PerAxis(scale - 1))
  }

  public func callAsFunction(_ input: Tensor) -> Tensor {
    let features = featureActivation(feature(input))
    let mapped = zip(middle, middleActivations).reduce(features) { $1.1($1.0($0)) }
    return enlargement(mapped)
  }

  public mutating func visitParameters(_ visitor: inout some ParameterVisitor) {
    visitor.visit("feature", &feature)
    visitor.visit("featureActivation", &featureActivation)
    visitor.visit("middle", &middle)
    visitor.visit("middleActivations", &middleActivations)
    visitor.visit("enlargement", &enlargement)
  }
}

extension FSRCNN {
  /// Recognises the network in a weight file by the shapes of its tensors, whatever the names of its layers, and loads it.
  ///
  /// - Parameter scale: What the 9×9 weight is the same for; not in the file's shapes.
  /// - Returns: `nil` when the file holds another network.
  public init?(recognising weights: Safetensors, scale: Int) {
    guard scale > 0, let layers = Layers(weights) else { return nil }
    self.init(
      scale: scale, features: layers.features, shrunk: layers.shrunk, mappings: layers.mappings.count)
    let tensors = weights.tensors
    func fill(_ convolution: inout Conv2d, _ activation: inout PReLU, _ layer: Layers.Layer) {
      convolution.weight = tensors["\(layer.name).weight"]!
      convolution.bias = tensors["\(layer.name).bias"]!
      activation.weight = tensors["\(layer.activation).weight"]!
    }
    fill(&feature, &featureActivation, layers.feature)
    for (index, layer) in ([layers.shrinking] + layers.mappings + [layers.expanding]).enumerated() {
      fill(&middle[index], &middleActivations[index], layer)
    }
    enlargement.weight = tensors["\(layers.enlargement).weight"]!
    enlargement.bias = tensors["\(layers.enlargement).bias"]!
  }

  /// The names of the parts, found by their shapes.
  private struct Layers {
    struct Layer {
      var name: String
      var activation: String
    }

    var feature: Layer
    var shrinking: Layer
    var mappings: [Layer]
    var expanding: Layer
    var enlargement: String
    var features: Int
    var shrunk: Int

    init?(_ weights: Safetensors) {
      let names = Set(weights.entries.map(\.name))
      // Numbers in names count as numbers, so that layer 10 comes after layer 9.
      let layers = weights.entries.filter { $0.name.hasSuffix(".weight") }
        .map { (name: String($0.name.dropLast(7)), shape: $0.shape) }
        .sorted { naturalKey($0.name).lexicographicallyPrecedes(naturalKey($1.name)) }
      let convolutions = layers.filter { $0.shape.rank == 4 }
      let slopes = layers.filter { $0.shape.rank == 1 }

      guard let first = convolutions.first(where: { $0.shape.dimensions.suffix(3) == [1, 5, 5] }) else { return nil }
      let features = first.shape[0]
      guard let last = convolutions.first(where: { $0.shape == [features, 1, 9, 9] }) else { return nil }
      let pointwise = convolutions.filter { $0.shape.dimensions.suffix(2) == [1, 1] }
      guard pointwise.count == 2, let shrinking = pointwise.first(where: { $0.shape[1] == features }) else {
        return nil
      }
      let shrunk = shrinking.shape[0]
      guard let expanding = pointwise.first(where: { $0.name != shrinking.name }),
        expanding.shape == [features, shrunk, 1, 1]
      else { return nil }
      let mappings = convolutions.filter { $0.shape == [shrunk, shrunk, 3, 3] }
      guard convolutions.count == mappings.count + 4, slopes.count == mappings.count + 3 else { return nil }

      /// A layer with its activation: the PReLU whose name is the next number.
      func layer(_ name: String, channels: Int) -> Layer? {
        guard names.contains("\(name).bias"), let activation = successor(of: name),
          slopes.contains(where: { $0.name == activation && $0.shape == [channels] })
        else { return nil }
        return Layer(name: name, activation: activation)
      }
      guard let feature = layer(first.name, channels: features),
        let shrink = layer(shrinking.name, channels: shrunk), let expand = layer(expanding.name, channels: features),
        names.contains("\(last.name).bias")
      else { return nil }
      let maps = mappings.compactMap { layer($0.name, channels: shrunk) }
      guard maps.count == mappings.count else { return nil }
      (self.feature, self.shrinking, self.mappings, self.expanding) = (feature, shrink, maps, expand)
      (enlargement, self.features, self.shrunk) = (last.name, features, shrunk)
    }
  }
}

/// The parts of a name, numbers padded so that they sort as numbers.
private func naturalKey(_ name: String) -> [String] {
  name.split(separator: ".").map { part in
    Int(part).map { String(repeating: "0", count: max(0, 12 - String($0).count)) + String($0) } ?? String(part)
  }
}

/// `mid_part.3` for `mid_part.2`; `nil` where the name does not end in a number.
private func successor(of name: String) -> String? {
  var parts = name.split(separator: ".", omittingEmptySubsequences: false).map(String.init)
  guard let number = parts.last.flatMap({ Int($0) }) else { return nil }
  parts[parts.count - 1] = String(number + 1)
  return parts.joined(separator: ".")
}
