import Synchronization

/// A network of a model, read when it is first needed: who enlarges one picture needs one network of many, and to read them all
/// takes longer than to read the picture.
final class ScaledNetwork: Sendable {
  let scale: Int
  private let read: @Sendable () -> any SuperResolutionNetwork
  private let known = Mutex<(any SuperResolutionNetwork)?>(nil)

  init(scale: Int, _ read: @escaping @Sendable () -> any SuperResolutionNetwork) {
    (self.scale, self.read) = (scale, read)
  }

  convenience init(_ network: any SuperResolutionNetwork) { self.init(scale: network.scale) { network } }

  var network: any SuperResolutionNetwork {
    known.withLock { known in
      if let known { return known }
      let network = read()
      known = network
      return network
    }
  }
}
