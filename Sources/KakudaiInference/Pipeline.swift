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
/// it, and when those that read the memory it writes have ended the step that this memory held before.
struct Pipeline {
  /// Called with the index of each step.
  let workers: [(Int) throws -> Void]
  /// Worker `waiter` begins a step when worker `ender` has ended the one `steps` before it.
  var limits: [(ender: Int, waiter: Int, steps: Int)] = []

  /// Runs all steps; the first error that a worker throws ends the work.
  func run(steps: Int) throws {
    guard workers.count > 1 else {
      for step in 0..<steps { try workers[0](step) }
      return
    }
    let chain = workers.indices.dropFirst().map { (ender: $0 - 1, waiter: $0, steps: 0) }
    // Signalled once for each step that the waiter may begin.
    let gates = (chain + limits).map { (limit: $0, ready: DispatchSemaphore(value: $0.steps)) }
    let failure = Mutex<(any Error)?>(nil)
    onThreads(workers.count) { worker in
      for step in 0..<steps {
        for gate in gates where gate.limit.waiter == worker { gate.ready.wait() }
        if failure.withLock({ $0 == nil }) {
          do { try workers[worker](step) } catch { failure.withLock { $0 = $0 ?? error } }
        }
        for gate in gates where gate.limit.ender == worker { gate.ready.signal() }
      }
    }
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
