import KakudaiLayers
import KakudaiModels
import KakudaiTensors
import KakudaiWeights
import TestSupport
import Testing

struct TrainingTests {
  /// Diagonal stripes, whose edges a cubic kernel blurs.
  static func pictures(scale: Int) -> [SuperResolutionPicture] {
    (0..<2).map { index in
      let side = 24 * scale
      let elements = (0..<3 * side * side).map { position -> Float in
        let diagonal = position % side + position / side % side
        return diagonal / (3 + index) % 2 == 0 ? 0.2 : 0.8
      }
      return SuperResolutionPicture(Tensor(elements, shape: [1, 3, side, side]), scale: scale)!
    }
  }

  static func training(steps: Int) -> SuperResolutionTraining<KakudaiNet> {
    SuperResolutionTraining(
      withRandomSeed(3) { KakudaiNet(scale: 2, width: 4, depth: 2) }, optimizer: .soap,
      schedule: LearningRateSchedule(base: 3e-3, course: .cosine(steps: steps, last: 0)), loss: .l1, averageDecay: 0.9)
  }

  @Test func `training beats the cubic kernel that the network begins with`() throws {
    let pictures = Self.pictures(scale: 2)
    let crops = CropSource(pictures, side: 12, batch: 2, channels: 1, seed: 1)!
    var training = Self.training(steps: 60)
    let before = training.validationPSNR(pictures)
    while training.step < 60 { _ = try training.advance(on: crops.batch(step: training.step)) }
    #expect(training.validationPSNR(pictures) > before + 1)
  }

  @Test func `what a teacher makes of the small picture takes the place of the large one`() throws {
    let picture = Self.pictures(scale: 2)[0]
    let taught = try picture.taught(by: Upscaler(UpscalingModel(named: "nearest"))).tensors
    #expect(taught.small == picture.tensors.small)
    #expect(taught.large == interpolate(taught.small, scaleFactor: 2, mode: .nearest))
  }

  @Test func `a training that is saved and loaded goes on with the same bytes`() throws {
    let crops = CropSource(Self.pictures(scale: 2), side: 8, batch: 2, channels: 1, seed: 1)!
    func advanced(
      _ start: SuperResolutionTraining<KakudaiNet>, to step: Int
    ) throws -> SuperResolutionTraining<KakudaiNet> {
      var training = start
      while training.step < step { _ = try training.advance(on: crops.batch(step: training.step)) }
      return training
    }
    let whole = try advanced(Self.training(steps: 8), to: 8)
    try withTemporaryFolder { folder in
      try advanced(Self.training(steps: 8), to: 5).save(to: "\(folder)/a.checkpoint")
      var second = Self.training(steps: 8)
      try second.load(Safetensors(contentsOf: "\(folder)/a.checkpoint"))
      #expect(second.step == 5)
      let resumed = try advanced(second, to: 8)
      try whole.save(to: "\(folder)/whole")
      try resumed.save(to: "\(folder)/resumed")
      #expect(try readBytes("\(folder)/whole") == readBytes("\(folder)/resumed"))
    }
  }

  @Test func `a loss that is not a number stops the training with its step`() throws {
    var training = Self.training(steps: 8)
    let picture = Tensor(repeating: .nan, shape: [1, 1, 8, 8])
    #expect(throws: TrainingError.self) { try training.advance(on: (picture, .zeros([1, 1, 16, 16]))) }
    #expect(training.step == 0)
  }

  @Test func `crops of the small picture show the same place as those of the large one`() {
    // Smooth, so that reducing hardly changes it.
    let elements = (0..<64 * 64).map { position -> Float in
      Float(position % 64) / 100 + Float(position / 64) / 300
    }
    let picture = SuperResolutionPicture(Tensor(elements, shape: [1, 1, 64, 64]), scale: 2)!
    let crops = CropSource([picture], side: 8, batch: 64, channels: 1, seed: 5)!
    let (small, large) = crops.batch(step: 3)
    let reduced = interpolate(large, size: [8, 8], mode: .area)
    for image in 0..<64 {
      for y in 1..<7 { for x in 1..<7 { #expect(abs(reduced[image, 0, y, x] - small[image, 0, y, x]) < 0.01) } }
    }
    #expect(crops.batch(step: 3).small == small && crops.batch(step: 4).small != small)
    // All eight symmetries: the two slopes appear along both axes, with both signs.
    let slopes = (0..<64).map { image -> [Bool] in
      let middle = small[image, 0, 4, 4]
      let across = small[image, 0, 4, 5] - middle
      let down = small[image, 0, 5, 4] - middle
      return [abs(across) > abs(down), across > 0, down > 0]
    }
    #expect(Set(slopes).count == 8)
  }

  @Test func `of several candidates the crop with the most detail is used`() {
    // Flat, but for a checkerboard in the last quarter.
    let elements = (0..<64 * 64).map { position -> Float in
      let (x, y) = (position % 64, position / 64)
      return min(x, y) < 32 ? 0.5 : Float((x + y) / 2 % 2)
    }
    let picture = SuperResolutionPicture(Tensor(elements, shape: [1, 1, 64, 64]), scale: 2)!
    func detailed(candidates: Int) -> Int {
      let crops = CropSource([picture], side: 8, batch: 100, channels: 1, seed: 5, candidates: candidates)!
      let (small, large) = crops.batch(step: 0)
      #expect(small.shape == [100, 1, 8, 8] && large.shape == [100, 1, 16, 16])
      return (0..<100).count { image in
        large.sliced(0, image..<image + 1).elements.contains { abs($0 - large[image, 0, 0, 0]) > 0.1 }
      }
    }
    #expect(detailed(candidates: 1) < 60 && detailed(candidates: 8) > 90)
  }

  @Test(arguments: [2, 3, 4]) func `a trained network is a model to enlarge with`(scale: Int) throws {
    let trained = withRandomSeed(2) { KakudaiNet(scale: scale, width: 6, depth: 3) }
    #expect(trained(Tensor.uniform([2, 1, 9, 7])).shape == [2, 1, 9 * scale, 7 * scale])
    try withTemporaryFolder { folder in
      try trained.save(to: "\(folder)/net.safetensors", metadata: trained.metadata)
      let model = try UpscalingModel(Safetensors(contentsOf: "\(folder)/net.safetensors"), scale: nil)
      #expect(model.scale == scale && model.summary.contains("kakudai ×\(scale)"))
    }
  }

  @Test func `the multiply-adds of our networks are within their budgets`() throws {
    for (name, budget) in [("fastest", 14_000), ("fast", 14_000), ("fine", 60_000)] {
      let network = try TrainingRecipe(named: name).network(scale: 2)
      #expect(network.multiplyAddsPerPixel <= budget, "\(name): \(network.multiplyAddsPerPixel)")
    }
  }

  @Test func `a training can begin with shipped weights, also of another scale`() throws {
    try withTemporaryFolder { folder in
      let shipped = withRandomSeed(2) { KakudaiNet(scale: 2, width: 6, depth: 3) }
      try shipped.save(to: "\(folder)/net", metadata: shipped.metadata)
      let weights = try Safetensors(contentsOf: "\(folder)/net")
      let input = Tensor.uniform([1, 1, 9, 7])

      var same = withRandomSeed(3) { KakudaiNet(scale: 2, width: 6, depth: 3) }
      try same.begin(with: weights)
      #expect(same(input) == shipped(input))

      let other = withRandomSeed(3) { KakudaiNet(scale: 3, width: 6, depth: 3) }
      var begun = other
      try begun.begin(with: weights)
      #expect(begun.enlargement.weight == other.enlargement.weight)
      let expected = shipped.namedTensors.filter { $0.name.hasPrefix("mapping") }.map(\.tensor)
      let actual = begun.namedTensors.filter { $0.name.hasPrefix("mapping") }.map(\.tensor)
      #expect(actual == expected)

      var hinged = withRandomSeed(3) { KakudaiNet(scale: 2, width: 6, depth: 3, hinges: 2) }
      try hinged.begin(with: weights)
      #expect((hinged(input) - shipped(input)).elements.allSatisfy { abs($0) < 1e-5 })

      var stranger = FSRCNN(scale: 2)
      #expect(throws: ModelError.self) { try stranger.begin(with: weights) }
      for depth in [2, 4] {
        var other = withRandomSeed(3) { KakudaiNet(scale: 2, width: 6, depth: depth, hinges: 2) }
        #expect(throws: ModelError.self) { try other.begin(with: weights) }
      }
    }
  }
}
