import CKakudaiKernels
import Synchronization

extension CorrelationPlan {
  private struct Key: Hashable {
    var direction: Direction
    var extents: ConvolutionExtents
    var kernels: String
    var tasks: Int
  }

  private static let plans = Mutex<[Key: CorrelationPlan]>([:])
  /// Plans kept at most; a network has some dozens, and making one takes as long as a small convolution.
  private static let limit = 256

  /// The plan of a convolution, made when it is first asked for.
  static func known(
    _ direction: Direction, _ extents: ConvolutionExtents, kernels: Kernels, tasks: Int
  ) -> CorrelationPlan {
    let key = Key(direction: direction, extents: extents, kernels: kernels.name, tasks: tasks)
    if let plan = plans.withLock({ $0[key] }) { return plan }
    let plan = CorrelationPlan(
      direction, extents, kernels: kernels.table.pointee.convolution, lanes: kernels.lanes, tasks: tasks)
    plans.withLock {
      if $0.count >= limit { $0 = [:] }
      $0[key] = plan
    }
    return plan
  }
}
