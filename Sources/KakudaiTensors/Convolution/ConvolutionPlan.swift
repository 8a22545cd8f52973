import CKakudaiKernels
import Synchronization

/// The algorithm that was chosen for a correlation or its transpose, made ready.
enum ConvolutionPlan: Sendable {
  case direct(CorrelationPlan)
  case winograd(WinogradPlan)
  case smallMap(SmallMapPlan)
  case winogradRows(WinogradRowsPlan)
  case overlapAdd(OverlapAddPlan)

  private struct Key: Hashable {
    var direction: CorrelationPlan.Direction
    var extents: ConvolutionExtents
    var kernels: String
    var tasks: Int
    var forced: ConvolutionAlgorithm?
  }

  private static let plans = Mutex<[Key: ConvolutionPlan]>([:])
  /// Plans kept at most; a network has some dozens, and choosing and making one takes as long as a small convolution.
  private static let limit = 256

  /// The plan of a convolution, made when it is first asked for.
  static func known(
    _ direction: CorrelationPlan.Direction, _ extents: ConvolutionExtents, kernels: Kernels, tasks: Int
  ) -> ConvolutionPlan {
    let key = Key(
      direction: direction, extents: extents, kernels: kernels.name, tasks: tasks, forced: ConvolutionAlgorithm.forced)
    if let plan = plans.withLock({ $0[key] }) { return plan }
    let plan = ConvolutionPlan(direction, extents, kernels: kernels, tasks: tasks)
    plans.withLock {
      if $0.count >= limit { $0 = [:] }
      $0[key] = plan
    }
    return plan
  }

  private init(
    _ direction: CorrelationPlan.Direction, _ extents: ConvolutionExtents, kernels: Kernels, tasks: Int
  ) {
    if let plan = AlgorithmChoice.smallMap(direction, extents, kernels: kernels) {
      self = .smallMap(plan)
      return
    }
    let tiles = AlgorithmChoice.winograd(direction, extents, kernels: kernels)
    let rows = tiles == nil ? AlgorithmChoice.winogradRows(direction, extents, kernels: kernels) : nil
    if let plan = AlgorithmChoice.overlapAdd(direction, extents, insteadOf: tiles, rows, kernels: kernels) {
      self = .overlapAdd(plan)
    } else if let tiles {
      self = .winograd(tiles)
    } else if let rows {
      self = .winogradRows(rows)
    } else {
      self = .direct(
        CorrelationPlan(
          direction, extents, kernels: kernels.table.pointee.convolution, lanes: kernels.lanes, tasks: tasks))
    }
  }
}
