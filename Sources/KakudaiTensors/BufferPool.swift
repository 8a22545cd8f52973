import Synchronization

/// Memory that tensors gave back and the next ones take again.
///
/// The first touch of a fresh page costs microseconds, which at picture sizes is as much as the arithmetic; a recycled buffer
/// has been touched. Buffers are 64-byte aligned and stay readable for `readablePast` bytes past their end, so that kernels
/// may load whole vectors. What stands in a buffer is undefined.
package final class BufferPool: Sendable {
  package static let shared = BufferPool(limit: 512 << 20)

  /// Bytes past the end of a buffer that a kernel may read.
  package static let readablePast = 256

  private struct Idle {
    var buffers: [Int: [UnsafeMutableRawPointer]] = [:]
    var bytes = 0
  }

  /// Bytes kept idle at most; what comes back beyond is freed.
  package let limit: Int
  private let idle = Mutex(Idle())

  package init(limit: Int) { self.limit = limit }

  deinit { trim() }

  /// The number of bytes really set aside for a request: the next of four steps per power of two, so that buffers of similar
  /// sizes can take each other's place.
  package static func roundedUp(_ bytes: Int) -> Int {
    let wanted = max(bytes, 256)
    let step = max(64, 1 << (Int.bitWidth - wanted.leadingZeroBitCount - 3))
    return (wanted + step - 1) / step * step
  }

  package func take(bytes: Int) -> UnsafeMutableRawPointer {
    let size = BufferPool.roundedUp(bytes)
    let recycled = idle.withLock { idle -> Sent? in
      guard let buffer = idle.buffers[size]?.popLast() else { return nil }
      idle.bytes -= size
      return Sent(pointer: buffer)
    }
    return recycled?.pointer ?? .allocate(byteCount: size + BufferPool.readablePast, alignment: 64)
  }

  package func giveBack(_ buffer: UnsafeMutableRawPointer, bytes: Int) {
    let size = BufferPool.roundedUp(bytes)
    let sent = Sent(pointer: buffer)
    let kept = idle.withLock { idle -> Bool in
      guard idle.bytes + size <= limit else { return false }
      idle.buffers[size, default: []].append(sent.pointer)
      idle.bytes += size
      return true
    }
    if !kept { buffer.deallocate() }
  }

  /// Frees all idle buffers.
  package func trim() {
    idle.withLock { idle in
      for buffer in idle.buffers.values.joined() { buffer.deallocate() }
      idle = Idle()
    }
  }

  /// Bytes that wait to be taken again.
  package var idleBytes: Int { idle.withLock(\.bytes) }

  /// A pointer on its way through the lock.
  private struct Sent: @unchecked Sendable {
    let pointer: UnsafeMutableRawPointer
  }
}
