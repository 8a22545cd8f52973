public import KakudaiTensors

/// Resamples pictures to a size or by a factor, PyTorch's `nn.Upsample`.
public struct Upsample: ParameterlessModule {
  public let size: SpatialValues<Int>?
  public let scaleFactor: SpatialValues<Double>?
  public let mode: InterpolationMode
  public let alignCorners: Bool?

  public init(size: SpatialValues<Int>, mode: InterpolationMode = .nearest, alignCorners: Bool? = nil) {
    (self.size, scaleFactor, self.mode, self.alignCorners) = (size, nil, mode, alignCorners)
  }

  public init(scaleFactor: SpatialValues<Double>, mode: InterpolationMode = .nearest, alignCorners: Bool? = nil) {
    (size, self.scaleFactor, self.mode, self.alignCorners) = (nil, scaleFactor, mode, alignCorners)
  }

  public func callAsFunction(_ input: Tensor) -> Tensor {
    interpolate(input, size: size, scaleFactor: scaleFactor, mode: mode, alignCorners: alignCorners)
  }

  public var printedAttributes: String {
    let target = size.map { "size=\($0)" } ?? scaleFactor.map { "scale_factor=\($0)" } ?? ""
    return "\(target), mode='\(mode.rawValue)'"
  }
}

/// Makes each block of r² channels r times higher and wider, PyTorch's `nn.PixelShuffle`.
public struct PixelShuffle: ParameterlessModule {
  public let upscaleFactor: Int
  public init(upscaleFactor: Int) {
    guard upscaleFactor > 0 else { fatalError("PixelShuffle: the factor must be positive, but is \(upscaleFactor)") }
    self.upscaleFactor = upscaleFactor
  }
  public func callAsFunction(_ input: Tensor) -> Tensor { pixelShuffle(input, upscaleFactor: upscaleFactor) }
  public var printedAttributes: String { "upscale_factor=\(upscaleFactor)" }
}

/// The inverse of `PixelShuffle`.
public struct PixelUnshuffle: ParameterlessModule {
  public let downscaleFactor: Int
  public init(downscaleFactor: Int) {
    guard downscaleFactor > 0 else {
      fatalError("PixelUnshuffle: the factor must be positive, but is \(downscaleFactor)")
    }
    self.downscaleFactor = downscaleFactor
  }
  public func callAsFunction(_ input: Tensor) -> Tensor { pixelUnshuffle(input, downscaleFactor: downscaleFactor) }
  public var printedAttributes: String { "downscale_factor=\(downscaleFactor)" }
}

/// The largest element of each window, PyTorch's `nn.MaxPool2d`.
public struct MaxPool2d: ParameterlessModule {
  public let kernelSize: PerAxis
  public let stride: PerAxis
  public let padding: PerAxis
  public let dilation: PerAxis
  public let ceilMode: Bool

  public init(
    kernelSize: PerAxis, stride: PerAxis? = nil, padding: PerAxis = 0, dilation: PerAxis = 1, ceilMode: Bool = false
  ) {
    (self.kernelSize, self.stride, self.padding) = (kernelSize, stride ?? kernelSize, padding)
    (self.dilation, self.ceilMode) = (dilation, ceilMode)
  }

  public func callAsFunction(_ input: Tensor) -> Tensor {
    maxPool2d(input, kernelSize: kernelSize, stride: stride, padding: padding, dilation: dilation, ceilMode: ceilMode)
  }

  public var printedAttributes: String {
    "kernel_size=\(kernelSize.printed), stride=\(stride.printed), padding=\(padding.printed), "
      + "dilation=\(dilation.printed), ceil_mode=\(printed(ceilMode))"
  }
}

/// The mean of each window, PyTorch's `nn.AvgPool2d`.
public struct AvgPool2d: ParameterlessModule {
  public let kernelSize: PerAxis
  public let stride: PerAxis
  public let padding: PerAxis
  public let ceilMode: Bool
  public let countIncludePad: Bool
  public let divisorOverride: Int?

  public init(
    kernelSize: PerAxis, stride: PerAxis? = nil, padding: PerAxis = 0, ceilMode: Bool = false,
    countIncludePad: Bool = true, divisorOverride: Int? = nil
  ) {
    (self.kernelSize, self.stride, self.padding) = (kernelSize, stride ?? kernelSize, padding)
    (self.ceilMode, self.countIncludePad, self.divisorOverride) = (ceilMode, countIncludePad, divisorOverride)
  }

  public func callAsFunction(_ input: Tensor) -> Tensor {
    averagePool2d(
      input, kernelSize: kernelSize, stride: stride, padding: padding, ceilMode: ceilMode,
      countIncludePad: countIncludePad, divisorOverride: divisorOverride)
  }

  public var printedAttributes: String {
    "kernel_size=\(kernelSize.printed), stride=\(stride.printed), padding=\(padding.printed)"
  }
}

/// The mean of windows that divide the picture, PyTorch's `nn.AdaptiveAvgPool2d`.
public struct AdaptiveAvgPool2d: ParameterlessModule {
  public let outputSize: PerAxis
  public init(outputSize: PerAxis) { self.outputSize = outputSize }
  public func callAsFunction(_ input: Tensor) -> Tensor { adaptiveAveragePool2d(input, outputSize: outputSize) }
  public var printedAttributes: String { "output_size=\(outputSize)" }
}

/// Adds pixels around pictures: `[left, right, top, bottom]`, PyTorch's `nn.ZeroPad2d`, `nn.ReflectionPad2d` and others.
public struct Pad2d: ParameterlessModule {
  public let amounts: [Int]
  public let mode: PaddingMode

  /// The same number of pixels on all sides.
  public init(_ all: Int, mode: PaddingMode = .zeros) { self.init([all, all, all, all], mode: mode) }

  public init(_ amounts: [Int], mode: PaddingMode = .zeros) {
    guard amounts.count == 4 else { fatalError("Pad2d: takes [left, right, top, bottom], but has \(amounts)") }
    (self.amounts, self.mode) = (amounts, mode)
  }

  public func callAsFunction(_ input: Tensor) -> Tensor { pad(input, amounts, mode: mode) }

  public var printedAttributes: String {
    "(" + amounts.map(String.init).joined(separator: ", ") + "), mode='\(mode.rawValue)'"
  }
}
