import KakudaiTensors

extension RowGraph {
  /// The most rows and columns of the input that a pixel in the middle of each value depends on.
  func receptiveFields(_ graph: Graph) -> [PerAxis] {
    sizes.indices.map { value in
      PerAxis(
        height: extent(of: value, lengths: sizes.map(\.height)) { stage, index, rows in
          stage.convolution(graph)
            .map { $0.sources(index, of: rows, $0.geometry.vertical, kernel: $0.weight.shape[2]) }
            ?? stage.kernel.inputRows(index, for: rows)
        },
        width: extent(of: value, lengths: sizes.map(\.width)) { stage, index, columns in
          stage.convolution(graph)
            .map { $0.sources(index, of: columns, $0.geometry.horizontal, kernel: $0.weight.shape[3]) }
            ?? stage.kernel.inputColumns(index, for: columns)
        })
    }
  }

  /// - Parameter sources: What a range of a stage's result depends on.
  private func extent(
    of value: Int, lengths: [Int], _ sources: (_ stage: Stage, _ index: Int, _ range: Range<Int>) -> Range<Int>
  ) -> Int {
    // Pixels differ in what they depend on where a network enlarges: those of some periods are asked.
    let length = lengths[value]
    return (max(0, length / 2 - 8)..<min(length, length / 2 + 8)).reduce(0) { most, position in
      var ranges = [Range<Int>?](repeating: nil, count: value + 1)
      ranges[value] = position..<position + 1
      for stage in (0..<value).reversed() {
        guard let range = ranges[stage + 1] else { continue }
        for (index, input) in stages[stage].inputs.enumerated() {
          let own = sources(stages[stage], index, range).clamped(to: 0..<lengths[input])
          guard !own.isEmpty else { continue }
          ranges[input] =
            ranges[input].map {
              min($0.lowerBound, own.lowerBound)..<max($0.upperBound, own.upperBound)
            } ?? own
        }
      }
      return max(most, ranges[0]?.count ?? 0)
    }
  }
}

extension RowGraph.Stage {
  /// The one that it consists of.
  fileprivate func convolution(_ graph: Graph) -> FusedConvolution? {
    kernel is RowChain ? nil : graph.operation(place) as? FusedConvolution
  }
}

extension FusedConvolution {
  /// The positions of an input that some outputs depend on; kernels of rows ask for whole tiles.
  fileprivate func sources(
    _ index: Int, of outputs: Range<Int>, _ axis: ConvolutionGeometry.Axis, kernel: Int
  ) -> Range<Int> {
    guard index == 0 else { return outputs }
    let (reach, last) = (axis.dilation * (kernel - 1), outputs.upperBound - 1)
    if direction == .convolution {
      let start = outputs.lowerBound * axis.stride - axis.paddingBefore
      return start..<last * axis.stride - axis.paddingBefore + reach + 1
    }
    // Input i is part of the outputs i · stride − padding + tap · dilation.
    func floorDivided(_ position: Int) -> Int { Int((Double(position) / Double(axis.stride)).rounded(.down)) }
    let start = floorDivided(outputs.lowerBound + axis.paddingBefore - reach + axis.stride - 1)
    return start..<max(start, floorDivided(last + axis.paddingBefore) + 1)
  }
}
