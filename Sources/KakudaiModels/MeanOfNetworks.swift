import KakudaiLayers
import KakudaiTensors
package import KakudaiWeights

extension Collection where Element == (path: String, network: any SuperResolutionNetwork) {
  /// The network whose every weight is the mean of theirs: of some that were trained on from the same weights it is often better
  /// than each (Wortsman et al., "Model soups", 2022).
  ///
  /// - Precondition: There is one.
  /// - Throws: Where they are not networks of one architecture and size, naming the first that differs.
  package func mean() throws(WeightsError) -> any SuperResolutionNetwork {
    var (mean, sums) = (first!.network, first!.network.weights)
    for (path, network) in dropFirst() {
      let weights = network.weights
      try mean.load(weights, from: path)
      sums.merge(weights) { $0 + $1 }
    }
    try mean.load(sums.mapValues { $0 / Float(count) }, from: first!.path)
    return mean
  }
}
