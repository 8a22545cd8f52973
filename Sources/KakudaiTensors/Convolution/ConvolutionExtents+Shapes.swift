extension ConvolutionExtents {
  /// The extents that tie `fine` and `coarse`, pictures with or without a batch axis, whose shapes have been checked.
  init(_ geometry: ConvolutionGeometry, fine: Shape, coarse: Shape, weight: Shape) {
    func axis(_ axis: ConvolutionGeometry.Axis, _ position: Int) -> Axis {
      Axis(
        coarseLength: coarse[-position], fineLength: fine[-position], kernel: weight[-position], stride: axis.stride,
        dilation: axis.dilation, padding: axis.paddingBefore)
    }
    self.init(
      batch: fine.rank == 4 ? fine[0] : 1, groups: geometry.groups, coarseChannels: coarse[-3], fineChannels: fine[-3],
      vertical: axis(geometry.vertical, 2), horizontal: axis(geometry.horizontal, 1), tileLead: geometry.tileLead)
  }
}
