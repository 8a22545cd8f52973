import KakudaiTensors
import TestSupport

/// A network drawn at random from the operations that flow by rows, with skips and branches; the same for the same seed.
struct RandomNetwork: Sendable {
  let seed: UInt64
  let input: Shape

  init(seed: UInt64) {
    self.seed = seed
    var generator = RandomGenerator(seed: seed)
    let sides = [1, 2, 3, 5, 7, 8, 13, 16, 17, 23, 31, 37, 64, 67]
    func side() -> Int { sides[generator.nextIndex(below: sides.count)] }
    let width = seed % 3 == 0 ? 80 + generator.nextIndex(below: 150) : side()
    input = [1, 1 + generator.nextIndex(below: 3), side(), width]
  }

  /// Adds operations until there are enough; those whose shapes do not fit are drawn again.
  func callAsFunction(_ input: Tensor) -> Tensor {
    var builder = Builder(
      generator: RandomGenerator(seed: seed &* 7919 &+ 1), values: [input], hasStatistics: seed % 4 == 3)
    let wanted = 3 + builder.draw(7)
    var attempts = 0
    while builder.values.count <= wanted && attempts < 200 {
      attempts += 1
      builder.add()
    }
    return builder.values[builder.values.count - 1]
  }

  private struct Builder {
    var generator: RandomGenerator
    var values: [Tensor]
    /// Whether there are operations that need statistics of the whole picture.
    let hasStatistics: Bool

    mutating func draw(_ count: Int) -> Int { generator.nextIndex(below: count) }

    /// Constants, the same in every call.
    mutating func constant(_ shape: Shape) -> Tensor { .random(shape, seed: UInt64(draw(1 << 30))) * 0.5 }

    private static let most = 60_000

    mutating func add() {
      // Mostly from the last value, so that the network is deep.
      let x = values[draw(3) > 0 ? values.count - 1 : draw(values.count)]
      let operation: (any KakudaiTensors.Operation)?
      var inputs = [x]
      let channels = x.shape[1]
      switch draw(17) {
      case 0, 1, 2:
        let groups = channels % 2 == 0 && draw(3) == 0 ? 2 : draw(6) == 0 ? channels : 1
        let outputs = groups * (1 + draw(max(1, 14 / groups)))
        let kernel = PerAxis(height: 1 + draw(4), width: 1 + draw(4))
        operation =
          (try? ConvolutionGeometry(
            convolutionWith: .pixels(PerAxis(height: draw(3), width: draw(3))), kernelSize: kernel,
            stride: PerAxis(height: 1 + draw(4) / 3, width: 1 + draw(4) / 3),
            dilation: PerAxis(height: 1 + draw(3) / 2, width: 1 + draw(3) / 2), groups: groups
          )).map { Convolution(geometry: $0) }
        inputs.append(constant([outputs, channels / groups, kernel.height, kernel.width]))
        if draw(2) == 0 { inputs.append(constant([outputs])) }
      case 3, 4:
        let groups = channels % 2 == 0 && draw(3) == 0 ? 2 : 1
        let outputs = groups * (1 + draw(4))
        let kernel = PerAxis(height: 1 + draw(5), width: 1 + draw(5))
        let stride = PerAxis(height: 1 + draw(3), width: 1 + draw(3))
        operation = TransposedConvolution(
          geometry: ConvolutionGeometry(
            transposedWith: PerAxis(height: draw(3), width: draw(3)), stride: stride,
            outputPadding: PerAxis(height: draw(stride.height), width: draw(stride.width)),
            dilation: PerAxis(height: 1 + draw(3) / 2, width: 1 + draw(3) / 2), groups: groups))
        inputs += [constant([channels, outputs / groups, kernel.height, kernel.width]), constant([outputs])]
      case 5: operation = PixelShuffling(factor: 2 + draw(2), isInverse: draw(2) == 0)
      case 6, 7:
        let modes: [InterpolationMode] = [.bilinear, .bicubic, .nearest, .area, .nearestExact, .lanczos]
        let mode = modes[draw(modes.count)]
        operation = Interpolation(
          size: [1 + draw(2 * x.shape[2]), 1 + draw(2 * x.shape[3])], mode: mode,
          antialiases: mode == .lanczos || (mode == .bilinear || mode == .bicubic) && draw(2) == 0)
      case 8:
        operation = Padding(
          amounts: (0..<4).map { _ in draw(6) - 2 }, mode: [.zeros, .reflect, .replicate][draw(3)], value: 0.5)
      case 9:
        let axis = 1 + draw(3)
        let start = draw(x.shape[axis])
        operation = Slicing(axis: axis, range: start..<start + 1 + draw(x.shape[axis] - start))
      case 10, 11:
        // A skip, where another value has the same size.
        let others = values.filter { $0.shape.dimensions.suffix(2) == x.shape.dimensions.suffix(2) }
        inputs = [others[draw(others.count)], x]
        if inputs[0].shape == x.shape && draw(2) == 0 {
          values.append(draw(2) == 0 ? inputs[0] + x : inputs[0] * x)
          return
        }
        operation = Concatenation(axis: 1)
      case 12:
        values.append(separable(x))
        return
      default:
        values.append(pointwise(x))
        return
      }
      guard let operation, let shape = try? operation.outputShape(of: inputs.map(\.shape)), shape.elementCount > 0,
        shape.elementCount <= Self.most, shape[1] <= 24
      else { return }
      values.append(operation.apply(to: inputs))
    }

    /// A convolution of each channel by itself, then one of single pixels.
    private mutating func separable(_ x: Tensor) -> Tensor {
      let channels = x.shape[1]
      let padding = PerAxis(
        height: x.shape[2] > 2 ? draw(3) : 1 + draw(2), width: x.shape[3] > 2 ? draw(3) : 1 + draw(2))
      var y = conv2d(
        x, constant([channels, 1, 3, 3]), draw(2) == 0 ? constant([channels]) : nil, padding: .pixels(padding),
        groups: channels)
      if draw(3) == 0 { y = pointwise(y) }
      y = conv2d(y, constant([1 + draw(14), y.shape[1], 1, 1]))
      return draw(2) == 0 ? y : pointwise(y)
    }

    private mutating func pointwise(_ x: Tensor) -> Tensor {
      switch draw(hasStatistics ? 15 : 9) {
      case 9, 10,
        11 where x.shape[2] * x.shape[3] > 1:
        draw(2) == 0
          ? instanceNorm(x)
          : groupNorm(
            x, groups: x.shape[1] % 2 == 0 ? 2 : 1, weight: constant([x.shape[1]]), bias: constant([x.shape[1]]))
      case 12...14: squeezeAndExcite(x)
      case 0: relu(x)
      case 1: leakyReLU(x, negativeSlope: 0.2)
      case 2 where draw(2) == 0: prelu(x, constant([x.shape[1]]))
      case 2:
        piecewiseLinear(
          x, slopes: constant([x.shape[1]]), places: constant([x.shape[1], 3]), heights: constant([x.shape[1], 3]))
      case 3: clamp(x, minimum: -0.5, maximum: 0.75)
      case 4: tanh(x)
      case 5: constant([1, x.shape[1], 1, 1]) - x
      case 6: x * constant([x.shape[2], x.shape[3]])
      case 7: x.mean(axes: [1], keepingAxes: true)
      default: silu(x)
      }
    }

    /// Hu et al. (2018): channels weighted by what their means say; with the deviations, as in IMDN.
    private mutating func squeezeAndExcite(_ x: Tensor) -> Tensor {
      let channels = x.shape[1]
      var means =
        draw(2) == 0 ? x.mean(axes: [2, 3], keepingAxes: true) : adaptiveAveragePool2d(x, outputSize: 1)
      if draw(2) == 0 {
        means =
          means + sqrt(x.variance(axes: [2, 3], isUnbiased: false, keepingAxes: true) + Tensor(1e-3))
      }
      let squeezed = relu(conv2d(means, constant([2, channels, 1, 1]), constant([2])))
      return x * sigmoid(conv2d(squeezed, constant([channels, 2, 1, 1])))
    }
  }
}
