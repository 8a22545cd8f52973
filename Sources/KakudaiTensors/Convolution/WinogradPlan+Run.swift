import CKakudaiKernels

extension WinogradPlan {
  /// What every part of one run shares; windows begin with the first channel of the first image.
  struct Operands: @unchecked Sendable {
    var weights: UnsafePointer<Float>
    var biases: UnsafePointer<Float>?
    /// With the slopes of all output channels.
    var epilogue: ck_epilogue?
    /// Whether the output is too large for the caches.
    var streams: Bool
    var kernels: ck_winograd_kernels
    var input: RowWindow
    var output: RowWindow
    /// What the epilogue adds.
    var residual: RowWindow?
    /// What lies between two images, in floats; the residual is laid out as the output.
    var inputImageStride = 0
    var outputImageStride = 0
    /// How many images there are, and how many of them the lanes of a vector are at the same tile: 1 where lanes are tiles.
    var images = 1
    var imagesPerVector = 1

    /// How many images of a run there are.
    func images(of run: Run) -> Int { min(imagesPerVector, images - run.image) }
  }

  /// The tiles that cover some outputs of some images, counted along the rows, then over the rows, then over the images or,
  /// where these are the lanes of vectors, over vectors of them.
  struct Region {
    var images: Int
    var rows: Range<Int>
    var columns: Range<Int>
    let tileRows: Range<Int>
    let tileColumns: Range<Int>

    init(_ plan: WinogradPlan, images: Int, rows: Range<Int>, columns: Range<Int>) {
      (self.images, self.rows, self.columns) = (images, rows, columns)
      tileRows = plan.vertical.tiles(covering: rows)
      tileColumns = plan.horizontal.tiles(covering: columns)
    }

    var tiles: Int { images * tileRows.count * tileColumns.count }
  }

  /// Neighbouring tiles of one row of one image, or of several from `image` on, which are the lanes of vectors.
  struct Run {
    var image: Int
    var row: Int
    var columns: Range<Int>
  }

  /// Memory that one thread needs beside the operands.
  final class Scratch {
    let points: Storage
    let products: Storage
    /// Samples whose lanes are images or channels.
    let samples: Storage?
    let checks: Storage
    /// Between the points of the tiles of one run.
    private(set) var pointStride = 0
    private(set) var productStride = 0
    /// Where points stand, as `ck_winograd_products` says.
    private(set) var pairStride = 0
    private(set) var channelStep = 0
    /// Tiles of two vectors.
    private let pair: Int
    /// Whether all channels of a pair stand together, else all tiles of a channel.
    private let standInPairs: Bool
    /// The same for all tiles at which no weight is left.
    let zeros: Storage
    private let channels: Int
    private let mostOutputs: Int
    var runs: [Run] = []
    var kernelRuns: [ck_winograd_run] = []
    var rowOffsets: [Int] = []
    var residualOffsets: [Int] = []
    var productPointers: [UnsafePointer<Float>?] = []

    /// - Parameter imagesPerVector: 1 where lanes are tiles.
    init(_ plan: WinogradPlan, imagesPerVector: Int, lanes: Int) {
      mostOutputs = plan.chunks.map(\.count).max() ?? 0
      channels = plan.transformedChannels
      let planes = max(imagesPerVector, plan.channelsPerVector)
      (pair, standInPairs) = (2 * lanes, planes == 1)
      let area = plan.pointsOfTile
      let together = standInPairs ? pair : 1
      points = Storage(
        count: plan.horizontal.anchors.count * area
          * Self.stride(rows: channels, tiles: plan.mostTiles, together: together))
      products = Storage(
        count: plan.horizontal.phases.count * area * Self.stride(rows: mostOutputs, tiles: plan.mostTiles))
      zeros = Storage(count: mostOutputs * plan.mostTiles)
      checks = Storage(count: plan.mostTiles * plan.channelsPerVector)
      zeros.elements.update(repeating: 0, count: zeros.count)
      samples = planes == 1 ? nil : Storage(count: plan.samplesOfRun(planes) * planes)
    }

    func setStrides(tiles: Int) {
      (pointStride, productStride) = (
        Self.stride(rows: channels, tiles: tiles, together: standInPairs ? pair : 1),
        Self.stride(rows: mostOutputs, tiles: tiles)
      )
      (pairStride, channelStep) = standInPairs ? (channels * pair, pair) : (pair, tiles)
    }

    /// An odd number of cache lines, so that the points of one tile do not all fall into the same cache set.
    private static func stride(rows: Int, tiles: Int, together: Int = 1) -> Int {
      (rows * ((tiles + together - 1) / together * together) / 16 + 1 | 1) * 16
    }
  }

  /// Computes some tiles of a region, at most `mostTiles` (where lanes are images, so many lanes), in one group.
  ///
  /// - Returns: The tiles that have a sum which is not finite in one of the chunks and are to be computed directly.
  func run(
    _ tiles: Range<Int>, of region: Region, group: Int, chunks: Range<Int>, _ operands: Operands, lanes: Int,
    _ scratch: Scratch
  ) -> [Run] {
    setRuns(tiles, of: region, imagesPerVector: operands.imagesPerVector, scratch)
    let padded =
      channelsPerVector > 1 ? tiles.count : (tiles.count * operands.imagesPerVector + lanes - 1) / lanes * lanes
    scratch.setStrides(tiles: padded)
    scratch.checks.elements.update(repeating: 0, count: padded * channelsPerVector)
    for phase in vertical.phases.indices {
      let anchor = vertical.phases[phase].anchor
      if phase > 0 && anchor == vertical.phases[phase - 1].anchor {
        // It reads what the phase before has read.
      } else if operands.imagesPerVector > 1 || channelsPerVector > 1 {
        transformPlanes(phase: phase, group: group, operands, tiles: padded, scratch)
      } else {
        transform(phase: phase, group: group, operands, tiles: padded, scratch)
      }
      setOutputRows(phase: phase, region, operands, scratch)
      for chunk in chunks {
        multiply(phase: phase, chunk: chunk, group: group, operands, tiles: padded, scratch)
        finish(chunk: chunk, group: group, region, operands, tiles: padded, scratch)
      }
    }
    return runsToRepeat(operands, scratch)
  }

  private func setRuns(_ tiles: Range<Int>, of region: Region, imagesPerVector: Int, _ scratch: Scratch) {
    scratch.runs.removeAll(keepingCapacity: true)
    var tile = tiles.lowerBound
    while tile < tiles.upperBound {
      let (line, column) = tile.quotientAndRemainder(dividingBy: region.tileColumns.count)
      let (image, row) = line.quotientAndRemainder(dividingBy: region.tileRows.count)
      let count = min(region.tileColumns.count - column, tiles.upperBound - tile)
      let first = region.tileColumns.lowerBound + column
      scratch.runs.append(
        Run(
          image: image * imagesPerVector, row: region.tileRows.lowerBound + row, columns: first..<first + count))
      tile += count
    }
  }

  /// The runs as the kernels read them, whose tile 0 begins at column `origin` and which are `step` columns long.
  private func setKernelRuns(origin: Int, step: Int, _ operands: Operands, _ scratch: Scratch) {
    scratch.kernelRuns.removeAll(keepingCapacity: true)
    var tile = 0
    for run in scratch.runs {
      scratch.kernelRuns.append(
        ck_winograd_run(
          firstColumn: run.columns.lowerBound * step + origin, firstTile: tile, tiles: run.columns.count,
          images: operands.images(of: run)))
      tile += run.columns.count
    }
  }

  private func transform(phase: Int, group: Int, _ operands: Operands, tiles: Int, _ scratch: Scratch) {
    let input = operands.input
    var transformed = scratch.points.elements
    for (rows, columns) in inputPhases {
      let (rows, columns) = (vertical.inputPhases[rows], horizontal.inputPhases[columns])
      setInputRows(phase: phase, rows, operands, scratch)
      for (index, anchor) in horizontal.anchors.enumerated() {
        setKernelRuns(origin: anchor.position + columns.start, step: horizontal.tile, operands, scratch)
        scratch.rowOffsets.withUnsafeBufferPointer { rowOffsets in
          scratch.kernelRuns.withUnsafeBufferPointer { runs in
            var transform = ck_winograd_input(
              input: input.base + group * inputChannels * input.channelStride, channelStride: input.channelStride,
              channels: inputChannels, taps: vertical.taps, tileRows: vertical.tile, columns: inputSize.width,
              columnStride: horizontal.readStride, columnPhase: columns.index + anchor.inputPhase,
              runs: runs.baseAddress,
              runCount: runs.count, rowOffsets: rowOffsets.baseAddress,
              transformed: transformed + index * pointsOfTile * scratch.pointStride,
              pointStride: scratch.pointStride, pairStride: scratch.pairStride, channelStep: scratch.channelStep,
              tiles: tiles)
            operands.kernels.transform(&transform)
          }
        }
      }
      transformed += inputChannels * scratch.channelStep
    }
  }

  /// The rows that the tiles of each run read, of one input phase.
  private func setInputRows(phase: Int, _ rows: WinogradAxis.InputPhase, _ operands: Operands, _ scratch: Scratch) {
    let anchor = vertical.anchors[vertical.phases[phase].anchor]
    scratch.rowOffsets.removeAll(keepingCapacity: true)
    for run in scratch.runs {
      let first = run.row * vertical.tile + anchor.position + rows.start
      for position in first..<first + vertical.points {
        let y = position * vertical.readStride + rows.index + anchor.inputPhase
        scratch.rowOffsets.append(
          y >= 0 && y < inputSize.height
            ? run.image * operands.inputImageStride + operands.input.offset(row: y) : nowhere)
      }
    }
  }

  private func multiply(
    phase: Int, chunk: Int, group: Int, _ operands: Operands, tiles: Int, _ scratch: Scratch
  ) {
    let area = pointsOfTile
    var weights = operands.weights + weightStart(group: group, phase: phase, chunk: chunk)
    let outputs = chunks[chunk].count
    scratch.productPointers.removeAll(keepingCapacity: true)
    for (place, column) in horizontal.order.enumerated() {
      let wanted = wantedPoints[phase][column]
      let products = scratch.products.elements + place * area * scratch.productStride
      let transformed = scratch.points.elements + horizontal.phases[column].anchor * area * scratch.pointStride
      wanted.withUnsafeBufferPointer { wanted in
        guard channelsPerVector == 1 else {
          var multiplication = ck_channel_products(
            transformed: transformed, pointStride: scratch.pointStride, channels: transformedChannels, tiles: tiles,
            weights: weights, points: wanted.baseAddress, pointCount: wanted.count, outputs: outputs,
            products: products, productStride: scratch.productStride)
          return operands.kernels.multiplyChannels(&multiplication)
        }
        var multiplication = ck_winograd_products(
          transformed: transformed, pointStride: scratch.pointStride, pairStride: scratch.pairStride,
          channelStep: scratch.channelStep, channels: transformedChannels, tiles: tiles, weights: weights,
          points: wanted.baseAddress, pointCount: wanted.count, outputs: outputs, products: products,
          productStride: scratch.productStride)
        operands.kernels.multiply(&multiplication)
      }
      weights += wanted.count * transformedChannels * outputs
      var index = 0
      for point in 0..<area {
        let isWanted = index < wanted.count && wanted[index] == point
        scratch.productPointers.append(
          UnsafePointer(isWanted ? products + index * scratch.productStride : scratch.zeros.elements))
        index += isWanted ? 1 : 0
      }
    }
  }

  private func setOutputRows(phase: Int, _ region: Region, _ operands: Operands, _ scratch: Scratch) {
    setKernelRuns(origin: -horizontal.lead, step: horizontal.length, operands, scratch)
    scratch.rowOffsets.removeAll(keepingCapacity: true)
    scratch.residualOffsets.removeAll(keepingCapacity: true)
    for run in scratch.runs {
      for row in 0..<vertical.tile {
        let y = (run.row * vertical.tile + row) * vertical.phases.count + phase - vertical.lead
        let image = run.image * operands.outputImageStride
        let isWritten = region.rows.contains(y)
        scratch.rowOffsets.append(isWritten ? image + operands.output.offset(row: y) : nowhere)
        scratch.residualOffsets.append(isWritten ? image + (operands.residual?.offset(row: y) ?? 0) : nowhere)
      }
    }
  }

  private func finish(
    chunk: Int, group: Int, _ region: Region, _ operands: Operands, tiles: Int, _ scratch: Scratch
  ) {
    let output = operands.output
    let first = group * outputChannels + chunks[chunk].lowerBound
    var epilogue = operands.epilogue?.fromOutput(first) ?? ck_epilogue()
    epilogue.residual = operands.residual.map { UnsafePointer($0.base + first * $0.channelStride) }
    scratch.productPointers.withUnsafeBufferPointer { products in
      scratch.rowOffsets.withUnsafeBufferPointer { rowOffsets in
        scratch.residualOffsets.withUnsafeBufferPointer { residualOffsets in
          scratch.kernelRuns.withUnsafeBufferPointer { runs in
            withUnsafePointer(to: &epilogue) { epilogue in
              var finishing = ck_winograd_output(
                products: products.baseAddress, outputs: chunks[chunk].count, taps: vertical.taps,
                tileRows: vertical.tile, phases: horizontal.phases.count, tiles: tiles,
                bias: operands.biases.map { $0 + first },
                epilogue: operands.epilogue == nil ? nil : epilogue,
                output: output.base + first * output.channelStride, outputStride: output.channelStride,
                imageStride: operands.outputImageStride, firstWritten: region.columns.lowerBound,
                endWritten: region.columns.upperBound,
                runs: runs.baseAddress, runCount: runs.count, rowOffsets: rowOffsets.baseAddress,
                residualOffsets: residualOffsets.baseAddress,
                residualStride: operands.residual?.channelStride ?? 0, checks: scratch.checks.elements,
                streams: operands.streams ? 1 : 0)
              if channelsPerVector > 1 {
                operands.kernels.finishChannels(&finishing)
              } else if operands.imagesPerVector > 1 {
                operands.kernels.finishLanes(&finishing)
              } else {
                operands.kernels.finish(&finishing)
              }
            }
          }
        }
      }
    }
  }

  private func runsToRepeat(_ operands: Operands, _ scratch: Scratch) -> [Run] {
    let lanes = operands.imagesPerVector
    var found: [Run] = []
    var tile = 0
    for run in scratch.runs {
      for image in 0..<operands.images(of: run) {
        var isOpen = false
        for (index, column) in run.columns.enumerated() {
          let first = (tile + index) * lanes * channelsPerVector + image
          let isFinite = (first..<first + channelsPerVector).allSatisfy { scratch.checks.elements[$0] == 0 }
          if !isFinite && isOpen {
            found[found.count - 1].columns = found[found.count - 1].columns.lowerBound..<column + 1
          } else if !isFinite {
            found.append(Run(image: run.image + image, row: run.row, columns: column..<column + 1))
          }
          isOpen = !isFinite
        }
      }
      tile += run.columns.count
    }
    return found
  }
}
