import Dispatch
import Synchronization

/// Threads that each compute a part of their own of every step: what one thread has computed stays in its caches, and no thread
/// waits for another as long as none is two steps behind.
///
/// A step is read by the thread that comes to it first, and written, once all have computed it, by the first that has computed
/// another one: the fastest thread does what is beside the computing.
package struct SideBySide {
  package enum Part { case read, compute, write }

  /// Steps whose rows the input and the output must have room for.
  static let stepsHeld = 3

  package let threads: Int

  package init(threads: Int) { self.threads = threads }

  private struct State {
    var read = 0
    var written = 0
    var isReading = false
    var isWriting = false
    /// The steps that each thread has computed.
    var computed: [Int]
    var failure: (any Error)?
    var sleeping: [Int] = []

    /// What a thread does next; `nil` where it has to wait.
    func next(_ thread: Int, steps: Int) -> (part: Part, step: Int)? {
      let (own, all) = (computed[thread], computed.min()!)
      if !isWriting && written < all && (written < own - 1 || own == steps) { return (.write, written) }
      guard own < steps else { return nil }
      if own < read { return own - written < stepsHeld ? (.compute, own) : nil }
      return !isReading && own - all < stepsHeld ? (.read, own) : nil
    }
  }

  /// Runs all steps; after the first error nothing is begun any more.
  ///
  /// - Parameter makeWorker: Called on each thread with its index; what it gives is called with the index of a step, those that it
  ///   computes in order. Steps are read and written in order, one at a time.
  package func run(
    steps: Int, _ makeWorker: (_ thread: Int) -> (_ step: Int, _ part: Part) throws -> Void
  ) throws {
    let state = Mutex(State(computed: [Int](repeating: 0, count: threads)))
    let alarms = (0..<threads).map { _ in DispatchSemaphore(value: 0) }

    /// Notes that a part has begun or ended, and wakes those that wait for such.
    func change(_ change: (inout State) -> Void) {
      let sleeping = state.withLock { state in
        change(&state)
        defer { state.sleeping = [] }
        return state.sleeping
      }
      for thread in sleeping { alarms[thread].signal() }
    }
    onThreads(threads) { thread in
      let work = makeWorker(thread)
      while true {
        let (next, isOver) = state.withLock { state -> ((part: Part, step: Int)?, Bool) in
          guard state.failure == nil, state.written < steps else { return (nil, true) }
          let next = state.next(thread, steps: steps)
          switch next?.part {
          case .read: state.isReading = true
          case .write: state.isWriting = true
          case .compute: break
          case nil: state.sleeping.append(thread)
          }
          return (next, false)
        }
        if isOver { return }
        guard let next else {
          alarms[thread].wait()
          continue
        }
        var failure: (any Error)?
        do { try work(next.step, next.part) } catch { failure = error }
        change { state in
          switch next.part {
          case .read: (state.isReading, state.read) = (false, state.read + 1)
          case .write: (state.isWriting, state.written) = (false, state.written + 1)
          case .compute: state.computed[thread] += 1
          }
          state.failure = state.failure ?? failure
        }
      }
    }
    if let failure = state.withLock({ $0.failure }) { throw failure }
  }
}
