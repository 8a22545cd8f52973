import CKakudaiAssets
import KakudaiWeights

extension UpscalingModel {
  /// The models whose networks are part of the program, the best first.
  static let shipped: [UpscalingModel] = [
    (name: "fine", summary: "our larger network, for quality"),
    (name: "fast", summary: "our small network, with better pictures than fastest"),
    (name: "fastest", summary: "as small, in layers that compute faster"),
  ].compactMap { name, summary in
    let networks = shippedNetworks(named: name)
    return networks.isEmpty ? nil : UpscalingModel(name: name, summary: summary, method: .networks(networks))
  }

  /// The networks of a model, the smallest factor first; their files are named for the model and the factor, `fast-x2`.
  private static func shippedNetworks(named name: String) -> [ScaledNetwork] {
    let files = UnsafeBufferPointer(start: ka_shipped_weights, count: ka_shipped_weights_count)
    let prefix = name + "-x"
    return files.indices.compactMap { index in
      let fileName = String(cString: files[index].name)
      guard fileName.hasPrefix(prefix), let scale = Int(fileName.dropFirst(prefix.count)) else { return nil }
      return ScaledNetwork(scale: scale) {
        let file = ka_shipped_weights[index]
        let bytes = Array(UnsafeBufferPointer(start: file.bytes, count: file.count))
        // Files of our own, which a test has read: they cannot fail.
        do { return try network(of: Safetensors(bytes: bytes, path: fileName), scale: nil) } catch {
          fatalError("\(error)")
        }
      }
    }.sorted { $0.scale < $1.scale }
  }
}
