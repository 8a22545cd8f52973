// swift-tools-version: 6.2
import PackageDescription

// Timings against other libraries: `make bench`.
let package = Package(
  name: "benchmarks",
  platforms: [.macOS(.v15)],
  dependencies: [.package(name: "kakudai", path: "..")],
  targets: [
    .target(name: "CLimits"),
    .executableTarget(name: "Times", dependencies: ["CLimits", .product(name: "Kakudai", package: "kakudai")]),
  ],
  cLanguageStandard: .gnu2x
)
