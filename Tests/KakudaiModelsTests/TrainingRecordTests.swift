import KakudaiModels
import KakudaiTensors
import TestSupport
import Testing

struct TrainingRecordTests {
  @Test func `events are written as TensorBoard writes them`() throws {
    let folder = #filePath.split(separator: "/").dropLast().map { "/" + $0 }.joined() + "/Fixtures"
    let events: [TrainingEvent] = [
      .init(.fileVersion, step: 0, wallTime: 1.5e9), .init(.start, step: 300, wallTime: 1.5e9 + 0.25),
      .init(.scalars([.init("loss", 0.0125), .init("psnr", 30.5)]), step: 70_000, wallTime: 1.5e9 + 1),
    ]
    #expect(events.flatMap(\.record) == (try readBytes("\(folder)/events.tfevents")))
  }

  @Test func `the curve goes through its points, and nothing it may be given stops it`() throws {
    let colour: (Tensor, Int, Int) -> [Float] = { picture, x, y in (0..<3).map { picture[0, $0, y, x] } }
    let curve = TrainingCurve(
      [.init(step: 0, loss: 0, psnr: 20), .init(step: 50, loss: 1, psnr: 30), .init(step: 100, loss: 0.5, psnr: 25)],
      steps: 100)
    let picture = curve.picture
    #expect(picture.shape == [1, 3, 560, 840])
    // The last point is a square: half-way up the right border of the upper panel, and of the lower one.
    #expect(colour(picture, 816, (40 + 236) / 2) == [0.82, 0.33, 0.14])
    #expect(colour(picture, 816, 270 + (40 + 236) / 2) == [0.15, 0.4, 0.75])
    for points in [
      [], [.init(step: 1, loss: .nan, psnr: .infinity)], [.init(step: 1, loss: 0, psnr: 0)],
      [.init(step: 1, loss: 3e-9, psnr: -4), .init(step: 2, loss: 3e9, psnr: 99)],
    ] as [[TrainingCurve.Point]] {
      #expect(TrainingCurve(points, steps: 2).picture.shape == picture.shape)
    }
  }
}
