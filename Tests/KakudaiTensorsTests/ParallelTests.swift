import Dispatch
import Foundation
import KakudaiTensors
import Synchronization
import Testing

struct ParallelTests {
  /// What happens to each of `count` numbers in a loop over four threads.
  private static func visits(_ count: Int, inside: () -> Void = {}) -> [Int] {
    let visits = Mutex([Int](repeating: 0, count: count))
    withThreadCount(4) {
      Parallel.forEach(count) { range in
        inside()
        visits.withLock { visits in for index in range { visits[index] += 1 } }
      }
    }
    return visits.withLock { $0 }
  }

  @Test(arguments: [1, 2, 3, 4, 5, 1000]) func `every part is done once`(count: Int) {
    // Between the later ones threads fall asleep.
    for round in 0..<60 {
      #expect(Self.visits(count) == [Int](repeating: 1, count: count))
      if round > 50 { usleep(2000) }
    }
  }

  @Test func `loops inside of parts, and of several threads at once, are done as well`() {
    let failures = Atomic(0)
    DispatchQueue.concurrentPerform(iterations: 8) { _ in
      for _ in 0..<50 {
        let visits = Self.visits(7) {
          if Self.visits(5) != [1, 1, 1, 1, 1] { failures.add(1, ordering: .relaxed) }
        }
        if visits != [1, 1, 1, 1, 1, 1, 1] { failures.add(1, ordering: .relaxed) }
      }
    }
    #expect(failures.load(ordering: .relaxed) == 0)
  }

  @Test func `what a part has written is there when the loop is over`() {
    for round in 1...2000 {
      let numbers = UnsafeMutableBufferPointer<Int>.allocate(capacity: 64)
      defer { numbers.deallocate() }
      nonisolated(unsafe) let written = numbers
      withThreadCount(2) { Parallel.forEach(64) { for index in $0 { written[index] = round * index } } }
      #expect(numbers.elementsEqual((0..<64).map { round * $0 }))
    }
  }

  @Test func `parallel loops visit everything once with any number of threads`() {
    for threads in 1...5 {
      var visits = [Int](repeating: 0, count: 17)
      visits.withUnsafeMutableBufferPointer { visits in
        withThreadCount(threads) {
          Parallel.forEach(17) { for index in $0 { visits[index] += 1 } }
        }
      }
      #expect(visits == [Int](repeating: 1, count: 17))
    }
  }
}
