/// What a convolution or a transposed one does along both axes of its pictures, and the rules its sizes must keep.
///
/// This is the one place where output sizes are computed. Sums come before differences, so that no intermediate result is
/// negative before the check that reports it, and every step is checked for overflow.
package struct ConvolutionGeometry: Hashable, Sendable {
  package struct Axis: Hashable, Sendable {
    package var stride: Int
    package var dilation: Int
    /// Zeros before and after the input of a convolution; outputs cropped at the start and the end of a transposed one.
    package var paddingBefore: Int
    package var paddingAfter: Int
    /// Outputs of a transposed convolution beyond the end that its size has otherwise.
    package var outputPadding: Int

    package init(stride: Int = 1, dilation: Int = 1, padding: Int = 0, outputPadding: Int = 0) {
      self.init(
        stride: stride, dilation: dilation, paddingBefore: padding, paddingAfter: padding, outputPadding: outputPadding)
    }

    package init(stride: Int, dilation: Int, paddingBefore: Int, paddingAfter: Int, outputPadding: Int) {
      self.stride = stride
      self.dilation = dilation
      self.paddingBefore = paddingBefore
      self.paddingAfter = paddingAfter
      self.outputPadding = outputPadding
    }
  }

  package var vertical: Axis
  package var horizontal: Axis
  package var groups: Int
  /// Rows of the output by which tiles of Winograd's algorithm begin before the picture, where its rows are long: no part of the
  /// result but its rounding.
  package var tileLead = 0

  package init(vertical: Axis, horizontal: Axis, groups: Int = 1) {
    self.vertical = vertical
    self.horizontal = horizontal
    self.groups = groups
  }
}
