import KakudaiTensors

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#elseif canImport(Darwin)
import Darwin
#endif

extension Plan {
  /// How a run is cut.
  struct Settings {
    var stepRows: Int
    /// A multiple of the threads.
    var strips: Int
    var threads: Int

    /// Rows and strips such that what a strip touches stays in the second-level cache.
    init(_ graph: RowGraph, threads: Int) {
      let (input, output) = (graph.sizes[0], graph.output)
      stepRows = max(1, min(output.height, 4 * output.height / input.height))
      let multiplications = graph.stages.reduce(0) { $0 + $1.kernel.multiplications }
      self.threads = multiplications < 2_000_000 ? 1 : max(1, min(threads, output.width / 64))
      let alone = RowSchedule(graph, stepRows: stepRows, strips: 1, lag: 1)
      let wanted = (alone.memory + Plan.cachedBytes - 1) / Plan.cachedBytes
      let most = max(1, output.width / 64)
      strips = (min(wanted, most) + self.threads - 1) / self.threads * self.threads
    }

    func schedule(_ graph: RowGraph, isOverlapped: Bool) -> RowSchedule {
      RowSchedule(graph, stepRows: stepRows, strips: strips, lag: isOverlapped ? threads + 2 : threads)
    }
  }

  /// What one strip may touch: most of the second-level cache.
  static let cachedBytes: Int = {
    #if canImport(Glibc)
    let size = sysconf(Int32(_SC_LEVEL2_CACHE_SIZE))
    return size > 0 ? size * 6 / 10 : 600 << 10
    #else
    return 600 << 10
    #endif
  }()
}
