import CKakudaiKernels
import Dispatch
import Synchronization

/// Threads that look out for more work for a moment before they sleep: to wake one that sleeps takes 40 µs, as long as a small layer.
final class WorkerPool: @unchecked Sendable {
  static let shared = WorkerPool()

  /// Somebody who waits.
  private final class Waiter: Sendable {
    private let isAsleep = Atomic(false)
    private let alarm = DispatchSemaphore(value: 0)

    /// Returns when `isOver` holds, of which `wake` tells.
    func wait(until isOver: () -> Bool) {
      // About 50 µs.
      for _ in 0..<2000 {
        if isOver() { return }
        ck_relax()
      }
      while !isOver() {
        isAsleep.store(true, ordering: .sequentiallyConsistent)
        // Who has seen that it is asleep rings the alarm.
        if !isOver() || !isAsleep.exchange(false, ordering: .sequentiallyConsistent) { alarm.wait() }
      }
    }

    func wake() {
      if isAsleep.exchange(false, ordering: .sequentiallyConsistent) { alarm.signal() }
    }
  }

  private final class Worker: Sendable {
    let waiter = Waiter()
    /// How often it has been given work so far.
    let given = Atomic(0)
  }

  private let isTaken = Atomic(false)
  private let unfinished = Atomic(0)
  private let caller = Waiter()
  /// Both belong to who has taken the pool; workers that were given work look at it until it is finished.
  private var workers: [Worker] = []
  private var work: (Int) -> Void = { _ in }

  private init() {}

  /// Runs `body` for all of `0..<parts`, each on a thread of its own, the first on this one.
  ///
  /// - Returns: Whether it has done so; not where others have taken the pool.
  func perform(_ parts: Int, _ body: (Int) -> Void) -> Bool {
    guard isTaken.compareExchange(expected: false, desired: true, ordering: .acquiring).exchanged else { return false }
    defer { isTaken.store(false, ordering: .releasing) }
    while workers.count < parts - 1 { addWorker() }
    withoutActuallyEscaping(body) { body in
      work = body
      unfinished.store(parts - 1, ordering: .relaxed)
      for worker in workers[..<(parts - 1)] {
        worker.given.add(1, ordering: .sequentiallyConsistent)
        worker.waiter.wake()
      }
      body(0)
      caller.wait { unfinished.load(ordering: .sequentiallyConsistent) == 0 }
      work = { _ in }
    }
    return true
  }

  private func addWorker() {
    let worker = Worker()
    workers.append(worker)
    let part = workers.count
    DispatchQueue(label: "kakudai.worker").async { [self] in serve(worker, part: part) }
  }

  private func serve(_ worker: Worker, part: Int) {
    var served = 0
    while true {
      worker.waiter.wait { worker.given.load(ordering: .sequentiallyConsistent) != served }
      served += 1
      work(part)
      if unfinished.subtract(1, ordering: .sequentiallyConsistent).newValue == 0 { caller.wake() }
    }
  }
}
