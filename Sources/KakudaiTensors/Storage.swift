import Synchronization

/// The elements of a tensor.
///
/// Written only while one tensor holds it (copy on write) or before it is shared, which is why it can be sent between threads.
package final class Storage: @unchecked Sendable {
  package let elements: UnsafeMutablePointer<Float>
  package let count: Int

  /// The elements as kernels read them, made when first needed: layers pack their weights once, and not in every call.
  private let packings = Mutex<[PackingKey: Storage]>([:])

  /// Takes uninitialised memory for `count` elements.
  package init(count: Int) {
    self.count = count
    elements = BufferPool.shared.take(bytes: count * MemoryLayout<Float>.stride)
      .bindMemory(to: Float.self, capacity: count)
  }

  convenience init(_ numbers: [Float]) {
    self.init(count: numbers.count)
    elements.update(from: numbers, count: count)
  }

  deinit {
    BufferPool.shared.giveBack(UnsafeMutableRawPointer(elements), bytes: count * MemoryLayout<Float>.stride)
  }

  /// The packing that `key` names, made by `pack` unless it is known.
  func packing(_ key: PackingKey, _ pack: () -> Storage) -> Storage {
    if let known = packings.withLock({ $0[key] }) { return known }
    let made = pack()
    packings.withLock { $0[key] = made }
    return made
  }

  /// Must be called before the elements change.
  func forgetPackings() { packings.withLock { $0 = [:] } }

  func copy() -> Storage {
    let copy = Storage(count: count)
    copy.elements.update(from: elements, count: count)
    return copy
  }
}
