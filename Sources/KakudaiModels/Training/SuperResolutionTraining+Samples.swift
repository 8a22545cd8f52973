import KakudaiLayers
public import KakudaiTensors

extension SuperResolutionTraining {
  /// What the averaged network makes of the middles of some pictures, a row for each: the small picture enlarged by the cubic
  /// kernel, the network's result, the original. RGB, `(1, 3, H, W)`; `nil` where there is no picture.
  public func samples(_ pictures: [SuperResolutionPicture], most: Int = 4) throws(ModelError) -> Tensor? {
    let network = average.average
    let middles = pictures.prefix(most).map { $0.middle(side: 192 / network.scale) }
    guard let widest = middles.map({ $0.width * network.scale }).max() else { return nil }
    let (gap, title) = (12, 30)
    let heights = middles.map { $0.height * network.scale + gap }
    var canvas = Canvas(
      width: 3 * (widest + gap) + gap, height: title + heights.reduce(0, +), background: (1, 1, 1))
    for (column, text) in ["CUBIC", "STEP \(step)", "ORIGINAL"].enumerated() {
      canvas.write(text, x: gap + column * (widest + gap), y: 10, dot: 2, (0.13, 0.15, 0.2))
    }
    var top = title
    for (middle, height) in zip(middles, heights) {
      let (small, large) = middle.tensors
      let size = PerAxis(height: large.shape[2], width: large.shape[3])
      let models = [
        UpscalingModel(name: "cubic", summary: "", method: .resampling(.bicubic)),
        UpscalingModel(name: "trained", summary: "", method: .networks([ScaledNetwork(network)])),
      ]
      let enlarged = try models.map { (model) throws(ModelError) in try Upscaler(model)(small, to: size) }
      for (column, picture) in (enlarged + [large]).enumerated() {
        canvas.draw(picture, x: gap + column * (widest + gap), y: top)
      }
      top += height
    }
    return canvas.tensor
  }
}
