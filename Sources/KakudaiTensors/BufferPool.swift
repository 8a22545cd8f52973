import Synchronization

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

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
    /// By size, in the order in which they came back.
    var buffers: [Int: [(pointer: UnsafeMutableRawPointer, arrival: Int)]] = [:]
    var bytes = 0
    var arrivals = 0
    /// Bytes that are taken, and the most that ever were.
    var used = 0
    var mostUsed = 0

    /// Takes out the buffer that has waited longest.
    mutating func removeOldest() -> UnsafeMutableRawPointer? {
      let oldest = buffers.filter { !$0.value.isEmpty }.min { $0.value[0].arrival < $1.value[0].arrival }
      guard let size = oldest?.key else { return nil }
      bytes -= size
      return buffers[size]!.removeFirst().pointer
    }
  }

  /// Bytes kept idle at most, or else with what is in use a quarter more than ever was: a training step takes again what the last
  /// one gave back. What has waited longest is freed for what comes back.
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
      idle.used += size
      idle.mostUsed = max(idle.mostUsed, idle.used)
      guard let buffer = idle.buffers[size]?.popLast() else { return nil }
      idle.bytes -= size
      return Sent(pointer: buffer.pointer)
    }
    return recycled?.pointer ?? BufferPool.allocate(size + BufferPool.readablePast)
  }

  /// Fresh memory, in huge pages where it is large: they are touched 512 times less often, and rows that lie far apart need few
  /// entries of the tables that translate addresses.
  private static func allocate(_ bytes: Int) -> UnsafeMutableRawPointer {
    let hugePage = 2 << 20
    guard bytes >= hugePage else { return .allocate(byteCount: bytes, alignment: 64) }
    let buffer = UnsafeMutableRawPointer.allocate(byteCount: bytes, alignment: hugePage)
    #if os(Linux)
    // It is a wish: where the system has no such pages, nothing changes.
    madvise(buffer, bytes / hugePage * hugePage, MADV_HUGEPAGE)
    #endif
    return buffer
  }

  package func giveBack(_ buffer: UnsafeMutableRawPointer, bytes: Int) {
    let size = BufferPool.roundedUp(bytes)
    let sent = Sent(pointer: buffer)
    let freed = idle.withLock { idle -> [Sent] in
      idle.used -= size
      let limit = max(limit, idle.mostUsed / 4 * 5 - idle.used)
      guard size <= limit else { return [sent] }
      var freed: [Sent] = []
      while idle.bytes + size > limit, let oldest = idle.removeOldest() { freed.append(Sent(pointer: oldest)) }
      idle.arrivals += 1
      idle.buffers[size, default: []].append((sent.pointer, idle.arrivals))
      idle.bytes += size
      return freed
    }
    for buffer in freed { buffer.pointer.deallocate() }
  }

  /// Frees all idle buffers.
  package func trim() {
    idle.withLock { idle in
      for buffer in idle.buffers.values.joined() { buffer.pointer.deallocate() }
      (idle.buffers, idle.bytes, idle.mostUsed) = ([:], 0, idle.used)
    }
  }

  /// Bytes that wait to be taken again.
  package var idleBytes: Int { idle.withLock(\.bytes) }

  /// A pointer on its way through the lock.
  private struct Sent: @unchecked Sendable {
    let pointer: UnsafeMutableRawPointer
  }
}
