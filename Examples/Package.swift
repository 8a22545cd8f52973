// swift-tools-version: 6.2
import PackageDescription

// The programs of the article on `torch.nn.ConvTranspose2d`, in Swift: `swift run --package-path Examples EnlargePhotograph`.
let package = Package(
  name: "examples",
  platforms: [.macOS(.v15)],
  dependencies: [.package(name: "kakudai", path: "..")],
  targets: [
    .executableTarget(name: "DoublePixels", dependencies: [.product(name: "Kakudai", package: "kakudai")]),
    .executableTarget(
      name: "EnlargePhotograph",
      dependencies: [
        .product(name: "Kakudai", package: "kakudai"), .product(name: "KakudaiImages", package: "kakudai"),
      ]),
    .executableTarget(name: "Alternatives", dependencies: [.product(name: "Kakudai", package: "kakudai")]),
  ]
)
