import Dispatch
import Synchronization

/// Makes one value ahead on another thread.
final class Prefetched<Value: Sendable>: Sendable {
  private let make: @Sendable (Int) -> Value
  private let queue = DispatchQueue(label: "prefetched")
  private let value = Mutex<Value?>(nil)

  init(_ make: @escaping @Sendable (Int) -> Value) { self.make = make }

  /// Starts making the value of `index`.
  func begin(_ index: Int) {
    queue.async { [self] in
      let made = make(index)
      value.withLock { $0 = made }
    }
  }

  /// Waits for the value whose making began last.
  func take() -> Value {
    queue.sync { value.withLock { $0.take()! } }
  }
}
