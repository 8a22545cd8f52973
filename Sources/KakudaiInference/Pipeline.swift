import Dispatch
import Synchronization

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#elseif canImport(Darwin)
import Darwin
#endif

/// Workers that take steps one after the other, each on a thread of its own: worker w begins a step when worker w − 1 has ended
/// it, and the first one when the last has ended the step `workers.count` steps earlier.
struct Pipeline {
  /// Called with the index of each step.
  let workers: [(Int) throws -> Void]

  /// Runs all steps; the first error that a worker throws ends the work.
  func run(steps: Int) throws {
    guard workers.count > 1 else {
      for step in 0..<steps { try workers[0](step) }
      return
    }
    // Signalled once for each step that the next worker may begin.
    let ready = workers.indices.map { DispatchSemaphore(value: $0 == 0 ? workers.count : 0) }
    let failure = Mutex<(any Error)?>(nil)
    onThreads(workers.count) { worker in
      for step in 0..<steps {
        ready[worker].wait()
        if failure.withLock({ $0 == nil }) {
          do { try workers[worker](step) } catch { failure.withLock { $0 = $0 ?? error } }
        }
        ready[(worker + 1) % workers.count].signal()
      }
    }
    // A semaphore must not hold less than it began with when it is freed.
    for _ in workers.indices { ready[0].signal() }
    if let error = failure.withLock({ $0 }) { throw error }
  }
}

/// Runs `body` on `count` threads that all exist at the same time, one of them the caller's.
private func onThreads(_ count: Int, _ body: (Int) -> Void) {
  withoutActuallyEscaping(body) { body in
    final class Start {
      let body: () -> Void
      init(_ body: @escaping () -> Void) { self.body = body }
    }
    #if canImport(Darwin)
    var threads = [pthread_t?](repeating: nil, count: count - 1)
    #else
    var threads = [pthread_t](repeating: pthread_t(), count: count - 1)
    #endif
    for index in threads.indices {
      let start = Unmanaged.passRetained(Start { body(index + 1) })
      let status = pthread_create(
        &threads[index], nil,
        { argument in
          #if canImport(Darwin)
          Unmanaged<Start>.fromOpaque(argument).takeRetainedValue().body()
          #else
          Unmanaged<Start>.fromOpaque(argument!).takeRetainedValue().body()
          #endif
          return nil
        }, start.toOpaque())
      guard status == 0 else { fatalError("no thread could be made: \(String(cString: strerror(status)))") }
    }
    body(0)
    for thread in threads {
      #if canImport(Darwin)
      if let thread { pthread_join(thread, nil) }
      #else
      pthread_join(thread, nil)
      #endif
    }
  }
}
