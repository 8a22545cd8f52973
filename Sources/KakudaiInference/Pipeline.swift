import Dispatch
import Synchronization

/// Threads that take the steps of a run in turns. A step has parts, of which the first and the last are taken in the order of steps;
/// another one begins when all steps before have ended the part before, whose results it continues.
package struct Pipeline {
  package let threads: Int
  package let parts: Int

  package init(threads: Int, parts: Int) { (self.threads, self.parts) = (threads, parts) }

  /// Runs all steps; after the first error nothing is begun any more.
  ///
  /// - Parameter makeWorker: Called on each thread; what it gives is called with the indices of steps and parts.
  package func run(steps: Int, _ makeWorker: () -> (_ step: Int, _ part: Int) throws -> Void) throws {
    guard threads > 1 else {
      let work = makeWorker()
      for step in 0..<steps { for part in 0..<parts { try work(step, part) } }
      return
    }
    // For each thread, signalled once for each part that has ended in all steps before its own.
    let ended = (0..<threads).map { _ in DispatchSemaphore(value: 0) }
    let failure = Mutex<(any Error)?>(nil)
    onThreads(threads) { thread in
      let work = makeWorker()
      for step in stride(from: thread, to: steps, by: threads) {
        for part in 0..<parts {
          let isInOrder = part == 0 || part == parts - 1
          if step > 0 && isInOrder { ended[thread].wait() }
          if failure.withLock({ $0 == nil }) {
            do { try work(step, part) } catch { failure.withLock { $0 = $0 ?? error } }
          }
          if step > 0 && !isInOrder { ended[thread].wait() }
          ended[(thread + 1) % threads].signal()
        }
      }
    }
    if let error = failure.withLock({ $0 }) { throw error }
  }
}
