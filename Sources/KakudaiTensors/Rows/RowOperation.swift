/// An operation on pictures that can be computed some rows at a time: the third way in which operations are read.
///
/// Pictures are `(C, H, W)` or `(1, C, H, W)`.
package protocol RowOperation: Operation {
  /// What computes rows of the result; `nil` where these inputs need the whole picture.
  func rowKernel(_ inputs: [RowInput], shape: Shape) -> (any RowKernel)?
}

/// What an operation is given: a picture that flows by, or a constant.
package struct RowInput: Sendable {
  package var shape: Shape
  package var constant: Tensor?

  package init(shape: Shape, constant: Tensor? = nil) { (self.shape, self.constant) = (shape, constant) }
}

/// Computes any part of a picture from parts of others, with the bits of the whole.
///
/// `index` counts the inputs that are not constant. Neither end of the rows or columns that are needed may move back while
/// those that are asked for move on.
package protocol RowKernel: Sendable {
  /// The input rows that output rows depend on.
  func inputRows(_ index: Int, for rows: Range<Int>) -> Range<Int>
  func inputColumns(_ index: Int, for columns: Range<Int>) -> Range<Int>

  /// Rows and columns are best computed in groups of this many, the first of which begins at 0, of rows `rowLead` before;
  /// columns must be.
  var rowUnit: Int { get }
  var rowLead: Int { get }
  var columnUnit: Int { get }

  /// Zeros that rows of an input should have around them, a row of which stands for those outside of the picture; `nil` where
  /// that makes no difference.
  func margins(_ index: Int) -> (left: Int, right: Int)?

  /// Multiplications for the whole picture.
  var multiplications: Int { get }

  /// Memory for one thread.
  func makeScratch() -> (any RowScratch)?

  /// Computes a part on this thread; `inputs` hold what it depends on.
  func compute(
    rows: Range<Int>, columns: Range<Int>, from inputs: [RowWindow], to output: RowWindow, _ scratch: (any RowScratch)?)
}

/// What one thread needs beside the rows.
package protocol RowScratch: AnyObject {}

/// What holds for operations on each pixel.
extension RowKernel {
  package func inputRows(_ index: Int, for rows: Range<Int>) -> Range<Int> { rows }
  package func inputColumns(_ index: Int, for columns: Range<Int>) -> Range<Int> { columns }
  package var rowUnit: Int { 1 }
  package var rowLead: Int { 0 }
  package var columnUnit: Int { 1 }
  package func margins(_ index: Int) -> (left: Int, right: Int)? { nil }
  package var multiplications: Int { 0 }
  package func makeScratch() -> (any RowScratch)? { nil }
}

extension Shape {
  /// Whether pictures of this shape can flow by rows: one picture, of at least one pixel.
  package var isPicture: Bool { (rank == 3 || rank == 4 && self[0] == 1) && elementCount > 0 }
}
