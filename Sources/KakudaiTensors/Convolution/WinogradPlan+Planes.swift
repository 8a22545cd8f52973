import CKakudaiKernels

/// Vectors whose lanes are the same tile of as many images, or channels of one: where maps are small, their rows hold fewer tiles
/// than a vector has lanes, and dealing them out costs more than all products.
extension WinogradPlan {
  /// How many images the lanes of a vector are; 1 where lanes are tiles.
  func imagesPerVector(lanes: Int) -> Int {
    let vectors = (extents.batch + lanes - 1) / lanes
    let fills = extents.batch * 4 >= vectors * lanes * 3
    return fills && horizontal.tiles < lanes && readsAlike && channelsPerVector == 1 ? lanes : 1
  }

  /// What a run reads of one channel of one image, and one sample more for each lane; where lanes are channels, of any
  /// tiles of a row.
  func samplesOfRun(_ lanes: Int) -> Int {
    func spread(_ axis: WinogradAxis) -> Int {
      axis.inputPhases.map(\.start).max()! - axis.inputPhases.map(\.start).min()! + 1
    }
    let positions = horizontal.anchors.map(\.position)
    let anchors = positions.max()! - positions.min()!
    let tiles = min(channelsPerVector == 1 ? mostTiles / lanes : mostTiles, horizontal.tiles)
    let rows = (vertical.points + spread(vertical)) * vertical.readStride
    let columns =
      ((tiles - 1) * horizontal.tile + horizontal.points + anchors + spread(horizontal)) * horizontal.readStride
    return min(rows, inputSize.height) * min(columns, inputSize.width) + lanes
  }

  func transformPlanes(phase: Int, group: Int, _ operands: Operands, tiles: Int, _ scratch: Scratch) {
    let (input, areChannels) = (operands.input, channelsPerVector > 1)
    let lanes = areChannels ? channelsPerVector : operands.imagesPerVector
    let anchor = vertical.anchors[vertical.phases[phase].anchor]
    var firstTile = 0
    for run in scratch.runs {
      var (firstRows, firstColumns) = ([Int](), [Int]())
      for (rows, columns) in inputPhases {
        let (rows, columns) = (vertical.inputPhases[rows], horizontal.inputPhases[columns])
        for column in horizontal.anchors {
          let y = run.row * vertical.tile + anchor.position + rows.start
          let x = run.columns.lowerBound * horizontal.tile + column.position + columns.start
          firstRows.append(y * vertical.readStride + rows.index + anchor.inputPhase)
          firstColumns.append(x * horizontal.readStride + columns.index + column.inputPhase)
        }
      }
      firstRows.withUnsafeBufferPointer { firstRows in
        firstColumns.withUnsafeBufferPointer { firstColumns in
          var samples = ck_lane_samples(
            input: input.base + run.image * operands.inputImageStride + group * inputChannels * input.channelStride,
            planeStride: areChannels ? input.channelStride : operands.inputImageStride, height: inputSize.height,
            width: inputSize.width, planes: areChannels ? inputChannels : operands.images(of: run),
            firstRows: firstRows.baseAddress, firstColumns: firstColumns.baseAddress,
            phases: firstRows.count, stride: vertical.readStride, taps: vertical.taps, tileRows: vertical.tile,
            tiles: run.columns.count, isCoarse: 0, points: scratch.points.elements + firstTile * lanes,
            // Phases are those of the inputs, channels of their own, or anchors.
            phaseStride: inputPhases.count > 1 ? inputChannels * tiles : pointsOfTile * scratch.pointStride,
            pointStride: scratch.pointStride, blockStride: areChannels ? tiles * lanes : 0,
            repeats: areChannels ? 1 : inputChannels,
            repeatStride: input.channelStride, repeatPoints: tiles, scratch: scratch.samples!.elements)
          operands.kernels.transformLanes(&samples)
        }
      }
      firstTile += run.columns.count
    }
  }
}
