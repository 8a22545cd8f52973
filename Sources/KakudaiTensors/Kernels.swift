package import CKakudaiKernels

#if canImport(Glibc)
import Glibc
#elseif canImport(Darwin)
import Darwin
#endif

/// The table of C kernels of one instruction set.
package struct Kernels: @unchecked Sendable {
  /// Static memory of the C target, never written.
  package let table: UnsafePointer<ck_kernels>

  /// `portable`, `avx2`, `avx512` or `neon`.
  package var name: String { String(cString: table.pointee.name) }

  package var pointwise: ck_pointwise_kernels { table.pointee.pointwise }

  /// Floats in one vector.
  package var lanes: Int { Int(table.pointee.lanes) }

  /// What this machine can run, slowest first.
  package static let available: [Kernels] = {
    var list: UnsafePointer<UnsafePointer<ck_kernels>?>?
    let count = ck_available(&list)
    return (0..<count).map { Kernels(table: list![$0]!) }
  }()

  /// The fastest table, or the one that the environment variable `KAKUDAI_KERNELS` names.
  package static let best: Kernels = {
    guard let wanted = getenv("KAKUDAI_KERNELS").map({ String(cString: $0) }) else { return available.last! }
    guard let chosen = available.first(where: { $0.name == wanted }) else {
      let names = available.map(\.name).joined(separator: ", ")
      fatalError("KAKUDAI_KERNELS is \(wanted), but this machine runs \(names)")
    }
    return chosen
  }()

  /// What operations use; tests set it to each table in turn. Read it before threads start: they do not inherit it.
  @TaskLocal package static var current = Kernels.best
}

/// `CK_NOWHERE`: the place of what is not there.
let nowhere = Int.min
