import KakudaiTensors
import Testing

struct TensorTests {
  @Test func `a copy does not change with the original`() {
    var tensor = Tensor([1, 2, 3, 4], shape: [2, 2])
    let copy = tensor
    tensor.withUnsafeMutableBufferPointer { $0[3] = 9 }
    #expect(copy[1, 1] == 4)
    #expect(tensor[-1, -1] == 9)
  }

  @Test func `freed memory is used again, and what waits is limited by what was in use`() {
    let pool = BufferPool(limit: 1 << 20)
    let first = pool.take(bytes: 100_000)
    pool.giveBack(first, bytes: 100_000)
    #expect(pool.take(bytes: 99_000) == first)
    pool.giveBack(first, bytes: 99_000)
    pool.giveBack(pool.take(bytes: 512 << 10), bytes: 512 << 10)
    #expect(pool.idleBytes == BufferPool.roundedUp(100_000) + (512 << 10))
    pool.giveBack(pool.take(bytes: 4 << 20), bytes: 4 << 20)
    #expect(pool.idleBytes == BufferPool.roundedUp(100_000) + (512 << 10) + (4 << 20))
    // What has waited longest goes for what comes back now.
    pool.giveBack(pool.take(bytes: 3 << 20), bytes: 3 << 20)
    #expect(pool.idleBytes == 3 << 20)
    pool.trim()
    #expect(pool.idleBytes == 0)
  }

  @Test(arguments: [1, 255, 256, 257, 1000, 65_537, 1 << 20, (1 << 20) + 1])
  func `rounding a request up wastes at most a quarter`(bytes: Int) {
    let rounded = BufferPool.roundedUp(bytes)
    #expect(rounded >= bytes && rounded % 64 == 0)
    #expect(rounded <= max(256, bytes * 5 / 4 + 64))
  }
}
