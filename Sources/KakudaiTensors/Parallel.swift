import Dispatch

#if canImport(Glibc)
import Glibc
#elseif canImport(Darwin)
import Darwin
#endif

/// Loops over several threads.
///
/// Operations split their *results*, never a sum, so that no result depends on the number of threads.
package enum Parallel {
  /// The processors of this machine.
  package static let processorCount = max(1, sysconf(Int32(_SC_NPROCESSORS_ONLN)))

  @TaskLocal package static var threadCount = processorCount

  /// Runs `body` on contiguous parts of `0..<count`, one part a thread.
  ///
  /// - Parameter minimumPerThread: how much of the range is worth waking a thread for (about 50 µs of work).
  package static func forEach(_ count: Int, minimumPerThread: Int = 1, _ body: (Range<Int>) -> Void) {
    guard count > 0 else { return }
    let parts = max(1, min(threadCount, count / max(1, minimumPerThread)))
    guard parts > 1 else { return body(0..<count) }
    withoutActuallyEscaping(body) { body in
      // The parts are disjoint, and all are done when this returns.
      nonisolated(unsafe) let body = body
      let perform: @Sendable (Int) -> Void = { body(count * $0 / parts..<count * ($0 + 1) / parts) }
      if !WorkerPool.shared.perform(parts, perform) {
        DispatchQueue.concurrentPerform(iterations: parts, execute: perform)
      }
    }
  }
}

/// Runs `body` with at most `count` threads in each operation; the results are the same for any number.
public func withThreadCount<Result>(_ count: Int, _ body: () throws -> Result) rethrows -> Result {
  guard count > 0 else { fatalError("withThreadCount: \(count) threads cannot compute anything") }
  return try Parallel.$threadCount.withValue(count, operation: body)
}
