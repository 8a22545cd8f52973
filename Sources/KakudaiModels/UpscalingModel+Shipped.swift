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

  /// The networks of a model, the smallest factor first.
  private static func shippedNetworks(named name: String) -> [any SuperResolutionNetwork] {
    let files = UnsafeBufferPointer(start: ka_shipped_weights, count: ka_shipped_weights_count)
    return files.filter { String(cString: $0.name).hasPrefix(name + "-x") }.map { file in
      let bytes = Array(UnsafeBufferPointer(start: file.bytes, count: file.count))
      // Files of our own, which a test has read: they cannot fail.
      do { return try network(of: Safetensors(bytes: bytes, path: String(cString: file.name)), scale: nil) } catch {
        fatalError("\(error)")
      }
    }.sorted { $0.scale < $1.scale }
  }
}
