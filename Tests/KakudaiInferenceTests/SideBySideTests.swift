import Foundation
import KakudaiInference
import Synchronization
import Testing

struct SideBySideTests {
  private struct Account {
    var read = 0
    var written = 0
    var computed: [Int]
    var tooEarly: [String] = []

    mutating func add(_ part: SideBySide.Part, _ step: Int, _ thread: Int, hasBegun: Bool) {
      let isDue =
        switch part {
        // Three steps have room.
        case .read: step == read && step < computed.min()! + 3
        case .compute: step == computed[thread] && step < read && step < written + 3
        case .write: step == written && step < computed.min()!
        }
      if !isDue { tooEarly.append("\(part) \(step) on \(thread): \(self)") }
      guard !hasBegun else { return }
      switch part {
      case .read: read += 1
      case .compute: computed[thread] += 1
      case .write: written += 1
      }
    }
  }

  @Test(arguments: [1, 2, 3, 5]) func `steps are read, computed by all and written in order, and three have room`(
    threads: Int
  ) throws {
    let steps = 40
    let account = Mutex(Account(computed: Array(repeating: 0, count: threads)))
    try SideBySide(threads: threads).run(steps: steps) { thread in
      { step, part in
        account.withLock { $0.add(part, step, thread, hasBegun: true) }
        // No thread is always the slowest.
        usleep(UInt32(100 * ((step * 7 + thread * 3) % 5)))
        account.withLock { $0.add(part, step, thread, hasBegun: false) }
      }
    }
    let end = account.withLock { $0 }
    #expect(end.tooEarly == [])
    #expect(end.read == steps && end.written == steps && end.computed.allSatisfy { $0 == steps })
  }

  @Test(arguments: [SideBySide.Part.read, .compute, .write]) func `after an error nothing is begun, and it is thrown`(
    failing: SideBySide.Part
  ) {
    struct Failure: Error {}
    let begun = Mutex(0)
    #expect(throws: Failure.self) {
      try SideBySide(threads: 3).run(steps: 1000) { _ in
        { step, part in
          begun.withLock { $0 += 1 }
          if step == 5 && part == failing { throw Failure() }
        }
      }
    }
    // Three threads compute, and one reads and one writes; none is more than three steps ahead.
    #expect(begun.withLock { $0 } <= 5 * (5 + 3))
  }
}
