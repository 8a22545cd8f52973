import Foundation
import KakudaiInference
import Synchronization
import Testing

struct PipelineTests {
  @Test(arguments: [2, 3, 5]) func `a part begins when all steps before have ended the part before`(threads: Int) throws
  {
    let (steps, parts) = (31, 6)
    let ended = Mutex(Array(repeating: 0, count: steps))
    let tooEarly = Mutex<[String]>([])
    try Pipeline(threads: threads, parts: parts).run(steps: steps) {
      { step, part in
        let isInOrder = part == 0 || part == parts - 1
        let counts = ended.withLock { $0 }
        if counts[step] != part || counts[..<step].contains(where: { $0 < (isInOrder ? part + 1 : part) }) {
          tooEarly.withLock { $0.append("step \(step), part \(part): \(counts)") }
        }
        // Steps with nothing to do must not overtake those before them for the ones after.
        if step % 3 != 1 { usleep(UInt32(200 * (1 + (step + part) % 3))) }
        ended.withLock { $0[step] += 1 }
      }
    }
    #expect(tooEarly.withLock { $0 } == [] && ended.withLock { $0 } == Array(repeating: parts, count: steps))
  }

  @Test(arguments: [1, 2, 3]) func `after an error nothing is begun, and it is thrown`(threads: Int) {
    struct Failure: Error {}
    let begun = Mutex(0)
    #expect(throws: Failure.self) {
      try Pipeline(threads: threads, parts: 4).run(steps: 1000) {
        { step, part in
          begun.withLock { $0 += 1 }
          if step == 5 && part == 2 { throw Failure() }
        }
      }
    }
    #expect(begun.withLock { $0 } < 5 * 4 + 4 * threads)
  }
}
