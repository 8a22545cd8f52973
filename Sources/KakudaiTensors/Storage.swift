/// The elements of a tensor.
///
/// Written only while one tensor holds it (copy on write) or before it is shared, which is why it can be sent between threads.
package final class Storage: @unchecked Sendable {
  package let elements: UnsafeMutablePointer<Float>
  package let count: Int

  /// Takes uninitialised memory for `count` elements.
  package init(count: Int) {
    self.count = count
    elements = BufferPool.shared.take(bytes: count * MemoryLayout<Float>.stride)
      .bindMemory(to: Float.self, capacity: count)
  }

  deinit {
    BufferPool.shared.giveBack(UnsafeMutableRawPointer(elements), bytes: count * MemoryLayout<Float>.stride)
  }

  func copy() -> Storage {
    let copy = Storage(count: count)
    copy.elements.update(from: elements, count: count)
    return copy
  }
}
