// swift-tools-version: 6.2
import PackageDescription

// `make check` and CI accept no warning; a newer compiler's new warning stops nobody else.
let isStrict = Context.environment["KAKUDAI_STRICT"] != nil

// What every Swift target is compiled with; no `unsafeFlags`, so that the package can be a versioned dependency.
let strict: [SwiftSetting] =
  [
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("InternalImportsByDefault"),
  ] + (isStrict ? [.treatAllWarnings(as: .error)] : [])

/// A library target and its tests; `uses` are the only targets it may import (checked by `Scripts/check-arrows`).
func library(
  _ name: String, uses: [Target.Dependency], testsUse: [Target.Dependency] = [], fixtures: [String] = []
) -> [Target] {
  [
    .target(name: name, dependencies: uses, swiftSettings: strict),
    .testTarget(
      name: name + "Tests", dependencies: [.target(name: name), "TestSupport"] + uses + testsUse,
      exclude: fixtures, swiftSettings: strict),
  ]
}

let package = Package(
  name: "kakudai",
  platforms: [.macOS(.v15)],
  products: [
    .library(name: "Kakudai", targets: ["Kakudai"]),
    .library(name: "KakudaiImages", targets: ["KakudaiImages"]),
    .executable(name: "kakudai", targets: ["KakudaiCommand"]),
  ],
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.0")
  ],
  targets: [
    // C: the inner loops, and the border to libvips.
    .target(name: "CKakudaiKernels", cSettings: isStrict ? [.treatAllWarnings(as: .error)] : []),
    // Weights, embedded by C23's #embed: no bundle to look for at run time.
    .target(name: "CKakudaiAssets", exclude: ["Weights"]),
    .systemLibrary(
      name: "CVips", pkgConfig: "vips", providers: [.apt(["libvips-dev"]), .brew(["vips"])]),
    .target(name: "CKakudaiImages", dependencies: ["CVips"]),

    // The umbrella, the command, and what the tests share.
    .target(
      name: "Kakudai",
      dependencies: ["KakudaiTensors", "KakudaiLayers", "KakudaiInference", "KakudaiWeights", "KakudaiModels"],
      swiftSettings: strict),
    .executableTarget(
      name: "KakudaiCommand",
      dependencies: [
        "KakudaiTensors", "KakudaiLayers", "KakudaiInference", "KakudaiWeights", "KakudaiModels", "KakudaiImages",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
      ],
      swiftSettings: strict),
    .testTarget(
      name: "KakudaiCommandTests",
      dependencies: [
        "KakudaiCommand", "KakudaiImages", "KakudaiLayers", "KakudaiModels", "KakudaiTensors", "KakudaiWeights",
        "TestSupport",
      ],
      swiftSettings: strict),
    .target(
      name: "TestSupport", dependencies: ["KakudaiTensors", "KakudaiWeights"], path: "Tests/TestSupport",
      swiftSettings: strict),
  ]
    + library("KakudaiTensors", uses: ["CKakudaiKernels"], testsUse: ["KakudaiWeights"])
    + library("KakudaiLayers", uses: ["KakudaiTensors"], testsUse: ["KakudaiWeights"])
    + library("KakudaiInference", uses: ["KakudaiTensors", "KakudaiLayers"])
    + library("KakudaiWeights", uses: ["KakudaiTensors"])
    + library("KakudaiImages", uses: ["KakudaiTensors", "CKakudaiImages"], fixtures: ["Fixtures"])
    + library(
      "KakudaiModels",
      uses: ["KakudaiTensors", "KakudaiLayers", "KakudaiInference", "KakudaiWeights", "CKakudaiAssets"],
      testsUse: ["KakudaiImages"],
      fixtures: ["Fixtures"]),
  cLanguageStandard: .gnu2x
)
