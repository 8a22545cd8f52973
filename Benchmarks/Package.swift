// swift-tools-version: 6.2
import PackageDescription

// Timings against PyTorch: `make bench`.
let package = Package(
  name: "benchmarks",
  platforms: [.macOS(.v15)],
  dependencies: [.package(name: "kakudai", path: "..")],
  targets: [.executableTarget(name: "Times", dependencies: [.product(name: "Kakudai", package: "kakudai")])]
)
