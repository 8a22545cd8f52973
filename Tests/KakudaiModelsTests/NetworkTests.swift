import KakudaiLayers
import KakudaiModels
import KakudaiTensors
import KakudaiWeights
import TestSupport
import Testing

/// The networks of the literature: their sizes, and that they are trained and read back.
struct NetworkTests {
  /// Small ones of every architecture.
  static func small(scale: Int) -> [any SuperResolutionNetwork] {
    withRandomSeed(4) {
      [
        KakudaiNet(scale: scale, width: 6, depth: 2),
        KakudaiNet(scale: scale, width: 6, depth: 2, hinges: 3),
        KakudaiSeparableNet(scale: scale, width: 6, depth: 2, hinges: 2), SRCNN(scale: scale, middle: 1),
        FSRCNN(scale: scale, features: 8, shrunk: 4, mappings: 2), ESPCN(scale: scale),
        EDSR(scale: scale, width: 6, blocks: 2), SRVGGNetCompact(scale: scale, width: 6, depth: 2),
        IMDN(scale: scale, width: 16, blocks: 2),
      ] + (scale == 3 ? [] : [LapSRN(scale: scale, width: 6, depth: 2)])
    }
  }

  @Test(arguments: [
    // Convolution weights and biases; the papers' own figures, which leave out slopes, or those of the authors' code.
    ("srcnn", 2, 57_281), ("fsrcnn", 3, 12_464 + 173 + 172), ("espcn", 2, 21_284), ("edsr", 2, 1_369_859),
    ("edsr", 3, 1_554_499), ("edsr", 4, 1_517_571), ("srvgg", 4, 621_424), ("imdn", 2, 694_404),
    ("imdn", 4, 715_176),
  ]) func `the networks have the sizes of their papers`(name: String, scale: Int, parameters: Int) throws {
    let network = try TrainingRecipe(named: name).network(scale: scale)
    #expect(network.parameterCount == parameters, "\(name): \(network.parameterCount)")
  }

  @Test func `multiply-adds are those of the papers`() throws {
    // For an enlarged picture of 1280 × 720: 52.7 G and 316.3 G in Ahn et al. (2018), table 1.
    for (name, published) in [("srcnn", 52.7e9), ("edsr", 316.3e9)] {
      let network = try TrainingRecipe(named: name).network(scale: 2)
      let count = Double(network.multiplyAddsPerPixel * 640 * 360)
      #expect(abs(count / published - 1) < 0.003, "\(name): \(count)")
    }
    // Dong et al. (2016), section 3.3: all layers run at the small size.
    #expect(try TrainingRecipe(named: "fsrcnn").network(scale: 3).multiplyAddsPerPixel == 12_464)
    // Two levels of ten layers of 64 channels, the second at four times as many pixels.
    let level = 10 * 9 * 64 * 64 + 4 * 4 * 64 * 64 + 4 * 4 + 4 * 9 * 64
    #expect(try TrainingRecipe(named: "lapsrn").network(scale: 4).multiplyAddsPerPixel == 9 * 64 + 5 * level)
  }

  @Test func `the mean of networks is that of each weight, and a network that is not of their kind is named`() throws {
    func weights(_ network: any SuperResolutionNetwork) -> [Float] {
      network.weights.sorted { $0.key < $1.key }.flatMap(\.value.elements)
    }
    let networks = [1, 2, 4].map { seed in
      (path: "\(seed)", network: withRandomSeed(seed) { ESPCN(scale: 2) } as any SuperResolutionNetwork)
    }
    let all = networks.map { weights($0.network) }
    let mean = weights(try networks.mean())
    #expect(all[0] != all[1] && mean.count == all[0].count)
    #expect(mean.indices.allSatisfy { abs(mean[$0] - (all[0][$0] + all[1][$0] + all[2][$0]) / 3) < 1e-6 })
    let error = #expect(throws: WeightsError.self) {
      try (networks + [(path: "other", network: ESPCN(scale: 3))]).mean()
    }
    #expect("\(error!)".contains("other"), "\(error!)")
  }

  @Test(arguments: [2, 3, 4]) func `every network enlarges by its scale, and a file of it is known again`(
    scale: Int
  ) throws {
    for network in Self.small(scale: scale) {
      let input = Tensor.uniform([2, network.channels, 7, 5])
      let output = network(input)
      #expect(output.shape == [2, network.channels, 7 * scale, 5 * scale], "\(network.title)")
      try withTemporaryFolder { folder in
        try network.save(to: "\(folder)/net", metadata: network.metadata)
        let read = try UpscalingModel.network(of: Safetensors(contentsOf: "\(folder)/net"), scale: nil)
        #expect(read.title == network.title && read(input) == output)
        #expect(read.multiplyAddsPerPixel == network.multiplyAddsPerPixel && read.widestChannels >= 6)
      }
    }
  }

  @Test func `every network learns`() throws {
    for network in Self.small(scale: 2) { try expectLearning(network) }
  }

  private func expectLearning(_ network: some SuperResolutionNetwork) throws {
    let crops = CropSource(
      TrainingTests.pictures(scale: 2), side: 8, batch: 2, channels: network.channels, seed: 1)!
    var training = SuperResolutionTraining(
      network, optimizer: .adam, schedule: LearningRateSchedule(base: 2e-3), loss: .charbonnier, averageDecay: 0.5)
    var losses: [Float] = []
    while training.step < 40 { losses.append(try training.advance(on: crops.batch(step: training.step))) }
    let (first, last) = (losses.prefix(5).reduce(0, +), losses.suffix(5).reduce(0, +))
    #expect(last < first * 0.9, "\(network.title): \(first / 5) became \(last / 5)")
  }

  @Test func `a scale that a network cannot have, and a size that its file cannot hold, are refused`() throws {
    let recipe = try TrainingRecipe(named: "lapsrn")
    #expect(throws: ModelError.impossibleScale(network: "lapsrn", scale: 3)) { try recipe.network(scale: 3) }
    try withTemporaryFolder { folder in
      let path = "\(folder)/net"
      for architecture in ["kakudai", "srvgg", "edsr", "lapsrn", "imdn"] {
        let options = ["width": "4000", "depth": "4000", "blocks": "4000"]
        try Safetensors.write(
          ["x": .ones([9])], metadata: ["architecture": architecture, "scale": "2"].merging(options) { $1 }, to: path)
        #expect(throws: ModelError.unknownArchitecture(path: path, tensors: 1)) {
          try UpscalingModel(Safetensors(contentsOf: path), scale: nil)
        }
      }
      // By the names alone, a network with 1.6 billion weights in one layer.
      try Safetensors.write(
        ["fea_conv.weight": .zeros([4000, 1]), "IMDB1.c1.weight": .zeros([1]), "upsampler.0.weight": .zeros([12])],
        metadata: [:], to: path)
      #expect(throws: ModelError.unknownArchitecture(path: path, tensors: 3)) {
        try UpscalingModel(Safetensors(contentsOf: path), scale: nil)
      }
    }
  }
}
