import CKakudaiKernels

/// How one product of matrices, `product[m][n] = Σ_k left[m][k] · right[k][n]`, is cut into kernel calls.
///
/// The product is a 1×1 convolution: rows of `left` are its outputs, rows of `right` its channels, and a row of `right` is a
/// row of pixels. Columns are taken in panels that fit the cache. Where `right` is stored transposed, sums of long rows are
/// products of two rows instead. Which of the two it is follows from the sizes alone.
struct MatrixProductPlan {
  var rows: Int
  var columns: Int
  /// Terms of one sum.
  var terms: Int
  /// Whether `left` is stored as (terms, rows), and `right` as (columns, terms).
  var transposesLeft: Bool
  var transposesRight: Bool

  /// Whether sums are taken along rows of both matrices.
  let multipliesRows: Bool
  let panelColumns: Int

  init(
    rows: Int, columns: Int, terms: Int, transposesLeft: Bool, transposesRight: Bool, kernels: ck_convolution_kernels
  ) {
    self.rows = rows
    self.columns = columns
    self.terms = terms
    self.transposesLeft = transposesLeft
    self.transposesRight = transposesRight
    multipliesRows = transposesRight && !transposesLeft && (terms >= 128 || rows == 1)
    let block = kernels.pixelBlock
    let cached = max(1, 393_216 / (4 * max(terms, 1)) / block) * block
    panelColumns = min(cached, 1024, columns)
  }

  var panels: Int { (columns + panelColumns - 1) / panelColumns }

  /// One panel takes its rows from `right` as they are when too few sums read them to repay a copy.
  func copiesPanels(_ kernels: ck_convolution_kernels) -> Bool { transposesRight || rows > kernels.outputBlock }

  /// An odd number of cache lines, so that the rows of one column do not all fall into the same cache set.
  var panelStride: Int { ((panelColumns + 15) / 16 | 1) * 16 }
  var panelSize: Int { terms * panelStride }
  var packedSize: Int { rows * terms }

  /// Rows that one kernel call computes.
  private func blocks(_ kernels: ck_convolution_kernels) -> [Range<Int>] {
    let count = (rows + kernels.outputBlock - 1) / kernels.outputBlock
    return (0..<count).map { rows * $0 / count..<rows * ($0 + 1) / count }
  }

  func pack(_ left: UnsafePointer<Float>, into packed: UnsafeMutablePointer<Float>, kernels: ck_convolution_kernels) {
    for block in blocks(kernels) {
      let offsets = block.map { transposesLeft ? $0 : $0 * terms }
      offsets.withUnsafeBufferPointer { offsets in
        var packing = ck_packing(
          source: left, channelStride: transposesLeft ? rows : 1, offsets: offsets.baseAddress, channels: terms,
          taps: 1,
          sums: block.count)
        kernels.pack(&packing, packed + block.lowerBound * terms)
      }
    }
  }

  /// Computes one panel of the product from the packed `left`.
  func multiply(
    panel: Int, packed: UnsafePointer<Float>, right: UnsafePointer<Float>, into product: UnsafeMutablePointer<Float>,
    panelMemory: UnsafeMutablePointer<Float>, scratch: UnsafeMutablePointer<Float>, kernels: ck_convolution_kernels
  ) {
    let first = columns * panel / panels
    let width = columns * (panel + 1) / panels - first
    var input = right + first
    var stride = columns
    if copiesPanels(kernels) {
      copyPanel(right, first: first, width: width, to: panelMemory)
      input = UnsafePointer(panelMemory)
      stride = panelStride
    }
    let tapOffset = 0
    let sums = (0..<kernels.outputBlock).map { ck_phase_output(phase: 0, output: UInt32($0)) }
    for block in blocks(kernels) {
      let offsets = block.map { $0 * columns + first }
      withUnsafePointer(to: tapOffset) { tap in
        sums.withUnsafeBufferPointer { sums in
          var pass = ck_pass(
            weights: packed + block.lowerBound * terms, tapOffsets: tap, taps: 1, sums: sums.baseAddress,
            sumCount: block.count, continues: 0)
          offsets.withUnsafeBufferPointer { offsets in
            withUnsafePointer(to: &pass) { pass in
              var correlation = ck_correlation()
              correlation.input = input
              correlation.channelStride = stride
              correlation.channels = terms
              (correlation.passes, correlation.passCount, correlation.phases) = (pass, 1, 1)
              correlation.outputs = block.count
              correlation.output = product
              correlation.outputOffsets = offsets.baseAddress
              (correlation.width, correlation.rows) = (width, 1)
              correlation.scratch = scratch
              kernels.correlate(&correlation)
            }
          }
        }
      }
    }
  }

  private func copyPanel(
    _ right: UnsafePointer<Float>, first: Int, width: Int, to memory: UnsafeMutablePointer<Float>
  ) {
    for term in 0..<terms {
      let target = memory + term * panelStride
      if transposesRight {
        let source = right + first * terms + term
        for column in 0..<width { target[column] = source[column * terms] }
      } else {
        target.update(from: right + term * columns + first, count: width)
      }
    }
  }

  /// Computes one block of the product where sums are taken along rows of both matrices; `product` holds zeros at first.
  func multiplyRows(
    _ rowRange: Range<Int>, _ columnRange: Range<Int>, left: UnsafePointer<Float>, right: UnsafePointer<Float>,
    into product: UnsafeMutablePointer<Float>, kernels: ck_convolution_kernels
  ) {
    // Some columns and some terms at a time: what one tile reads stays in the first-level cache, all of it in the second.
    for column in stride(from: columnRange.lowerBound, to: columnRange.upperBound, by: 64) {
      let rightOffsets = (column..<min(column + 64, columnRange.upperBound)).map { $0 * terms }
      for term in stride(from: 0, to: terms, by: 1024) {
        rightOffsets.withUnsafeBufferPointer { offsets in
          var products = ck_products(
            left: left + rowRange.lowerBound * terms + term, leftStride: terms, leftRowStride: 0, right: right + term,
            rightOffsets: offsets.baseAddress, rightRowStride: 0,
            sums: product + rowRange.lowerBound * columns + column, sumStride: columns, lefts: rowRange.count,
            rights: offsets.count, rows: 1, width: min(1024, terms - term))
          kernels.correlateProducts(&products)
        }
      }
    }
  }
}
