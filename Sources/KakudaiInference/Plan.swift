public import KakudaiLayers
public import KakudaiTensors

/// A network made ready to run on pictures of one shape: folded, its weights packed, computed by rows where it can be.
///
/// ```swift
/// let plan = Plan(recording: model, input: [1, 3, 1080, 1920])
/// let enlarged = plan(picture)
/// ```
///
/// Recording computes nothing and takes no memory for the picture. A network of which every operation needs only some rows
/// around each of its outputs flows through a picture row by row: memory grows with the width and not with the height, and the
/// result has the same bits for any number of threads and rows a step. Some operations need the whole picture
/// (`wholePictureOperations`). Where statistics of it are enough (instance and group normalisation, global means), they are
/// gathered by reading it once more for each such operation; else the network is computed operation by operation.
public struct Plan: Sendable {
  public let input: Shape
  public let output: Shape
  let graph: Graph
  /// How the network flows by rows, its statistics being known.
  let rows: RowGraph?
  /// What computes the values of which statistics are needed, in the order of the operations that need them.
  let statisticsRows: [RowGraph]

  /// The operations that need the whole picture, each with the shape it reads.
  public let wholePictureOperations: [String]

  /// Records what `model` does to an input of a shape; batch normalisation and dropout must not be in training.
  public init(recording model: some Module, input: Shape) {
    self.init(input: input) { model($0) }
  }

  /// Records what `function` does to an input of a shape.
  public init<Failure: Error>(
    input: Shape, recording function: (Tensor) throws(Failure) -> Tensor
  ) throws(Failure) {
    graph = Graph(try Recording(input: input, function))
    self.input = input
    output = graph.values[graph.output].shape
    do {
      rows = try RowGraph(graph)
      (statisticsRows, wholePictureOperations) = ([], [])
    } catch {
      wholePictureOperations = error.reasons
      (statisticsRows, rows) = Plan.rows(withStatisticsOf: graph) ?? ([], nil)
    }
  }

  /// How the network flows by rows once statistics are known; `nil` where these are not enough.
  private static func rows(withStatisticsOf graph: Graph) -> (statistics: [RowGraph], last: RowGraph)? {
    var (graph, statistics) = (graph, [RowGraph]())
    while let picture = graph.firstPicture {
      guard let rows = try? RowGraph(graph.ending(at: picture)) else { return nil }
      statistics.append(rows)
      // Any will do for the shapes.
      graph.resolve(picture, PictureStatistics(of: graph.values[picture].shape))
    }
    return (try? RowGraph(graph)).map { (statistics, $0) }
  }

  /// Whether the network flows through a picture by rows.
  public var isStreamed: Bool { rows != nil }

  /// How often a picture is read when it flows by rows.
  public var readings: Int { statisticsRows.count + 1 }

  /// Whether the network is computed operation by operation, because it cannot flow by rows, or because it would have to be read
  /// several times and takes no more than so many bytes whole.
  public func runsWhole(within mostBytes: Int) -> Bool {
    rows == nil || !statisticsRows.isEmpty && wholeMemory <= mostBytes
  }

  /// Multiplications of the convolutions and resamplings of one run; 0 where the network does not flow by rows.
  public var multiplications: Int { rows?.multiplications ?? 0 }

  /// Computes the output for one input, which must have the planned shape.
  public func callAsFunction(_ picture: Tensor) -> Tensor {
    guard picture.shape == input else {
      fatalError("the plan was made for an input of shape \(input), but is given \(picture.shape)")
    }
    guard isStreamed, readings == 1, !fitsCache else { return computedWhole(picture) }
    return computedByRows(picture)
  }

  /// The same for a network that flows by rows and is read once, however small the picture is; rows and threads as `stream` takes
  /// them.
  package func computedByRows(_ picture: Tensor, rowsPerStep: Int? = nil, sideBySide: Bool? = nil) -> Tensor {
    guard let rows, readings == 1 else { preconditionFailure("the network needs more of a picture than rows once") }
    return Tensor(shape: output) { result in
      let target = RowWindow(planes: result.baseAddress!, height: rows.output.height, width: rows.output.width)
      let source = RowWindow(planes: picture.storage.elements, height: rows.sizes[0].height, width: rows.sizes[0].width)
      // Neither closure throws.
      try! stream(
        rows, Settings(rows, threads: Parallel.threadCount, stepRows: rowsPerStep, sideBySide: sideBySide),
        output: target,
        read: { range, window in
          window.copy(range, 0..<source.width, from: source, channels: rows.sizes[0].channels)
        },
        write: { _, _ in })
      withExtendedLifetime(picture) {}
    }
  }

  /// Computes the output row by row, in memory that does not grow with the height.
  ///
  /// `read` is called with the next rows of the input in order, from the first one again for each of the `readings`, and fills one
  /// plane of them for each channel; `write` is given rows of the output likewise. Each is called by any of the threads that compute,
  /// one call of it at a time.
  ///
  /// - Parameters:
  ///   - mostBytes: What may be used to compute a network whole rather than read a picture several times.
  ///   - rowsPerStep: Output rows that are computed at a time, chosen by the plan unless given; changes no bit.
  ///   - sideBySide: Whether threads compute columns of their own rather than steps in turns, likewise.
  /// - Throws: what `read` or `write` throws, which ends the work.
  public func stream(
    within mostBytes: Int = .max, rowsPerStep: Int? = nil, sideBySide: Bool? = nil,
    reading read: (_ rows: Range<Int>, _ planes: UnsafeMutableBufferPointer<Float>) throws -> Void,
    writing write: (_ rows: Range<Int>, _ planes: UnsafeBufferPointer<Float>) throws -> Void
  ) throws {
    guard var last = rows, !runsWhole(within: mostBytes) else {
      return try streamWhole(reading: read, writing: write)
    }
    func stream(_ rows: RowGraph, _ write: (Range<Int>, RowWindow) throws -> Void) throws {
      let settings = Settings(rows, threads: Parallel.threadCount, stepRows: rowsPerStep, sideBySide: sideBySide)
      let input = rows.sizes[0]
      try self.stream(
        rows, settings,
        read: { range, window in
          let band = Storage(count: input.channels * range.count * input.width)
          try read(range, UnsafeMutableBufferPointer(start: band.elements, count: band.count))
          let columns = 0..<input.width
          window.copy(
            range, columns,
            from: RowWindow(range, columns, in: band.elements, height: input.height, width: input.width),
            channels: input.channels)
        }, write: write)
    }
    var known = graph
    while let picture = known.firstPicture {
      let rows = try RowGraph(known.ending(at: picture))
      var statistics = PictureStatistics(of: known.values[picture].shape)
      try stream(rows) { range, window in statistics.add(range, of: window) }
      known.resolve(picture, statistics)
    }
    if !statisticsRows.isEmpty { last = try RowGraph(known) }
    let output = last.output
    try stream(last) { range, window in
      let band = Storage(count: output.channels * range.count * output.width)
      let columns = 0..<output.width
      RowWindow(range, columns, in: band.elements, height: output.height, width: output.width)
        .copy(range, columns, from: window, channels: output.channels)
      try write(range, UnsafeBufferPointer(start: band.elements, count: band.count))
    }
  }

  /// About how many bytes a run takes at most beside the pictures that are handed over, or with them where it runs whole.
  ///
  /// - Parameter mostBytes: As `stream` takes it.
  public func memory(threads: Int, within mostBytes: Int = .max) -> Int {
    guard let rows, !runsWhole(within: mostBytes) else { return wholeMemory }
    return (statisticsRows + [rows]).reduce(0) { most, rows in
      max(most, Settings(rows, threads: threads).schedule.memory(rows))
    }
  }

  private func streamWhole(
    reading read: (_ rows: Range<Int>, _ planes: UnsafeMutableBufferPointer<Float>) throws -> Void,
    writing write: (_ rows: Range<Int>, _ planes: UnsafeBufferPointer<Float>) throws -> Void
  ) throws {
    var failure: (any Error)?
    let picture = Tensor(shape: input) { planes in
      do { try read(0..<input[-2], planes) } catch { failure = error }
    }
    if let failure { throw failure }
    try computedWhole(picture).withUnsafeBufferPointer { try write(0..<output[-2], $0) }
  }

  private func stream(
    _ rows: RowGraph, _ settings: Settings, output: RowWindow? = nil,
    read: (Range<Int>, RowWindow) throws -> Void, write: (Range<Int>, RowWindow) throws -> Void
  ) throws {
    try withoutActuallyEscaping(read) { read in
      try withoutActuallyEscaping(write) { write in
        let rowStream = RowStream(rows, settings.schedule, output: output)
        try rowStream.run(threads: settings.threads, read: read, write: write)
      }
    }
  }
}
