import CKakudaiKernels

/// A correlation or a transposed one of a small map, by its definition, the lanes of vectors being channels.
///
/// Kernels whose lanes are pixels multiply what lies outside of the map as well, and lanes beyond its end: a pixel that a kernel of
/// 4 × 4 enlarges costs 16 times its products, a map of 4 × 4 by k4 s2 a third more. Here nothing is multiplied that is not there.
/// Each output is the sum of its taps in their order, whatever else is computed, so that no cut changes a bit.
final class SmallMapPlan: Sendable {
  let direction: CorrelationPlan.Direction
  let extents: ConvolutionExtents
  let vertical: AxisPhases
  /// Per group.
  let inputChannels: Int
  let outputChannels: Int
  let inputSize: PerAxis
  let outputSize: PerAxis
  let lanes: Int
  /// Output channels of which one kernel call keeps sums.
  let chunks: [Range<Int>]
  private let taps: [Tap]
  private let pairs: [ck_map_pair]

  /// One element of the kernel in one output phase of both axes.
  private struct Tap {
    var kernelIndex: Int
    /// Output rows, ascending; those of one tap have equally many pairs.
    var rows: [Int]
    var pairs: Range<Int>

    /// The pairs of some output rows.
    func pairs(in wanted: Range<Int>) -> Range<Int> {
      let first = rows.firstIndex { $0 >= wanted.lowerBound } ?? rows.count
      let end = rows.lastIndex { $0 < wanted.upperBound }.map { $0 + 1 } ?? 0
      let perRow = pairs.count / rows.count
      return pairs.lowerBound + first * perRow..<pairs.lowerBound + max(first, end) * perRow
    }
  }

  /// - Returns: `nil` for large maps, and where output channels do not fill vectors.
  init?(_ direction: CorrelationPlan.Direction, _ extents: ConvolutionExtents, kernels: Kernels) {
    let (rows, columns) = extents.phases(direction)
    (inputChannels, outputChannels) = extents.channelsPerGroup(direction)
    inputSize = PerAxis(height: rows.inputLength, width: columns.inputLength)
    outputSize = PerAxis(height: rows.outputLength, width: columns.outputLength)
    lanes = kernels.lanes
    guard outputChannels % lanes == 0, outputSize.height * outputSize.width <= Self.mostPositions,
      inputSize.height * inputSize.width * inputChannels <= Self.mostSamples
    else { return nil }
    (self.direction, self.extents, vertical) = (direction, extents, rows)
    let vectors = outputChannels / lanes
    let count = (vectors - 1) / kernels.table.pointee.winograd.channelVectors + 1
    chunks = (0..<count).map { [lanes] in vectors * $0 / count * lanes..<vectors * ($0 + 1) / count * lanes }
    var taps: [Tap] = []
    var pairs: [ck_map_pair] = []
    for (row, column) in rows.phases.indices.flatMap({ row in columns.phases.indices.map { (row, $0) } }) {
      for (y, x) in rows.phases[row].flatMap({ tap in columns.phases[column].map { (tap, $0) } }) {
        let (ys, xs) = (rows.samples(of: y, phase: row), columns.samples(of: x, phase: column))
        guard !ys.isEmpty, !xs.isEmpty else { continue }
        let first = pairs.count
        for (sampleRow, outputRow) in ys {
          for (sample, output) in xs {
            pairs.append(
              ck_map_pair(
                sample: sampleRow * columns.inputLength + sample, position: outputRow * columns.outputLength + output))
          }
        }
        taps.append(
          Tap(
            kernelIndex: y.kernelIndex * extents.horizontal.kernel + x.kernelIndex, rows: ys.map(\.output),
            pairs: first..<pairs.count))
      }
    }
    (self.taps, self.pairs) = (taps, pairs)
  }

  /// Positions of the output, and samples of the input, that stay in the second-level cache with the weights of a chunk.
  private static let mostPositions = 1024
  private static let mostSamples = 131_072

  /// Products of all pairs of channels of one image.
  var products: Int { pairs.count * inputChannels * outputChannels * extents.groups }

  /// Floats of the weights that are read, of one group.
  var weightsPerGroup: Int { taps.count * inputChannels * outputChannels }

  var inputPositions: Int { inputSize.height * inputSize.width }
  var outputPositions: Int { outputSize.height * outputSize.width }

  private func weightStart(group: Int, chunk: Int) -> Int {
    group * weightsPerGroup + chunks[chunk].lowerBound * taps.count * inputChannels
  }

  /// For each group, chunk and tap: `(input channel, output)`.
  func packed(_ weight: Tensor, threads: Int, kernels: Kernels) -> Storage {
    let key = PackingKey(
      .directChannels, direction, extents, layout: taps.map(\.kernelIndex), kernels: kernels)
    return weight.storage.packing(key) {
      let packed = Storage(count: weightsPerGroup * extents.groups)
      withThreadCount(threads) {
        Parallel.forEach(extents.groups * chunks.count) { range in
          for index in range {
            pack(
              UnsafePointer(weight.storage.elements), group: index / chunks.count, chunk: index % chunks.count,
              to: packed.elements, kernels: kernels.table.pointee.convolution)
          }
        }
      }
      withExtendedLifetime(weight) {}
      return packed
    }
  }

  private func pack(
    _ weight: UnsafePointer<Float>, group: Int, chunk: Int, to packed: UnsafeMutablePointer<Float>,
    kernels: ck_convolution_kernels
  ) {
    let (channelStride, outputStride) = extents.weightStrides(direction)
    var target = packed + weightStart(group: group, chunk: chunk)
    for tap in taps {
      let offsets = chunks[chunk].map { $0 * outputStride + tap.kernelIndex }
      offsets.withUnsafeBufferPointer { offsets in
        var packing = ck_packing(
          source: weight + group * extents.weightsPerGroup, channelStride: channelStride, offsets: offsets.baseAddress,
          channels: inputChannels, taps: 1, sums: offsets.count)
        kernels.pack(&packing, target)
      }
      target += inputChannels * chunks[chunk].count
    }
  }

  /// Memory that one thread needs beside the operands.
  final class Scratch {
    let samples: Storage
    let sums: Storage

    init(_ plan: SmallMapPlan) {
      let lanes = plan.lanes
      let blocks = (plan.inputChannels + lanes - 1) / lanes
      samples = Storage(count: (blocks * plan.inputPositions + lanes) * lanes)
      sums = Storage(count: (plan.chunks.map(\.count).max() ?? 0) * plan.outputPositions + lanes * lanes)
    }
  }

  /// What all calls share; windows begin with the first channel of the group, and rows of the input follow each other.
  struct Operands {
    var weights: UnsafePointer<Float>
    var biases: UnsafePointer<Float>?
    /// With the slopes of all output channels.
    var epilogue: ck_epilogue?
    var kernels: ck_map_kernels
  }

  /// Turns the samples that some output rows need.
  func turn(_ rows: Range<Int>, from input: RowWindow, _ operands: Operands, _ scratch: Scratch) {
    let needed = vertical.needed(rows)
    let first = needed.lowerBound * inputSize.width
    var samples = ck_map_samples(
      input: input.base + first, channelStride: input.channelStride, channels: inputChannels,
      positions: needed.count * inputSize.width, positionStride: inputPositions,
      samples: scratch.samples.elements + first * lanes)
    operands.kernels.turn(&samples)
  }

  /// Computes some output rows of one chunk from samples that have been turned.
  func run(
    _ rows: Range<Int>, group: Int, chunk: Int, _ operands: Operands, to output: RowWindow, residual: RowWindow?,
    _ scratch: Scratch
  ) {
    let outputs = chunks[chunk]
    let sums = scratch.sums.elements
    sums.update(repeating: 0, count: outputs.count * outputPositions)
    var weights = operands.weights + weightStart(group: group, chunk: chunk)
    pairs.withUnsafeBufferPointer { pairs in
      for tap in taps {
        let own = tap.pairs(in: rows)
        var addition = ck_map_tap(
          samples: scratch.samples.elements, inputPositions: inputPositions, channels: inputChannels, weights: weights,
          pairs: pairs.baseAddress! + own.lowerBound, pairCount: own.count, outputs: outputs.count, sums: sums,
          outputPositions: outputPositions)
        operands.kernels.addTap(&addition)
        weights += inputChannels * outputs.count
      }
    }
    let isOne = rows.count == outputSize.height && output.isContiguous && residual?.isContiguous ?? true
    for first in stride(from: rows.lowerBound, to: rows.upperBound, by: isOne ? rows.count : 1) {
      finish(
        first, count: isOne ? rows.count : 1, channels: outputs, group: group, operands, to: output,
        residual: residual, scratch)
    }
  }

  /// Writes rows that follow each other.
  private func finish(
    _ row: Int, count: Int, channels: Range<Int>, group: Int, _ operands: Operands, to output: RowWindow,
    residual: RowWindow?, _ scratch: Scratch
  ) {
    let first = group * outputChannels + channels.lowerBound
    var epilogue = operands.epilogue?.fromOutput(first) ?? ck_epilogue()
    epilogue.residual = residual.map { UnsafePointer($0.row(row, channel: channels.lowerBound)) }
    withUnsafePointer(to: &epilogue) { epilogue in
      var finishing = ck_map_output(
        sums: scratch.sums.elements + row * outputSize.width * lanes, outputPositions: outputPositions,
        outputs: channels.count, width: count * outputSize.width, bias: operands.biases.map { $0 + first },
        epilogue: operands.epilogue == nil ? nil : epilogue,
        output: output.row(row, channel: channels.lowerBound), outputStride: output.channelStride,
        residualStride: residual?.channelStride ?? 0)
      operands.kernels.finish(&finishing)
    }
  }
}

extension AxisPhases {
  /// The samples that a tap reads, each with the output that it is for.
  fileprivate func samples(of tap: Tap, phase: Int) -> [(sample: Int, output: Int)] {
    (0..<positions).compactMap { position in
      let output = position * phases.count + phase
      let sample = (position + tap.offset) * readStride + tap.inputPhase
      return output < outputLength && (0..<inputLength).contains(sample) ? (sample, output) : nil
    }
  }
}
