import KakudaiTensors
import KakudaiWeights
import TestSupport
import Testing

struct SafetensorsTests {
  /// A file of the given header and data.
  static func file(_ header: String, data: [UInt8] = []) -> [UInt8] {
    let bytes = Array(header.utf8)
    return withUnsafeBytes(of: UInt64(bytes.count).littleEndian) { Array($0) } + bytes + data
  }

  @Test func `what was written is read again, and equal tensors give equal bytes`() throws {
    let tensors = ["b.weight": Tensor.random([2, 3]), "a": Tensor(1.5), "empty": Tensor.zeros([0, 4])]
    try withTemporaryFolder { folder in
      let path = "\(folder)/x.safetensors"
      try Safetensors.write(tensors, metadata: ["who": "a \"quoted\"\n名前"], to: path)
      let file = try Safetensors(contentsOf: path)
      #expect(file.tensors == tensors)
      #expect(file.metadata == ["who": "a \"quoted\"\n名前"])
      try Safetensors.write(tensors, metadata: ["who": "a \"quoted\"\n名前"], to: path + "2")
      #expect(names(in: folder) == ["x.safetensors", "x.safetensors2"])
    }
  }

  @Test(
    arguments: [
      ("F32", [0, 0, 0x80, 0x3F, 0, 0, 0, 0xC0], [1, -2]), ("F16", [0, 0x3C, 1, 0], [1, 0x1p-24]),
      ("F16", [0, 0x7C, 0xFF, 0xFB], [.infinity, -65504]), ("BF16", [0x80, 0x3F, 0x20, 0xC0], [1, -2.5]),
      ("F64", [0, 0, 0, 0, 0, 0, 0xF0, 0x3F], [1]), ("I8", [0xFF, 2], [-1, 2]), ("U8", [0xFF, 2], [255, 2]),
      ("I16", [0xFE, 0xFF], [-2]), ("U16", [0xFE, 0xFF], [65534]), ("I32", [0, 0, 0, 0x80], [-0x1p31]),
      ("U32", [0, 0, 0, 0x80], [0x1p31]), ("I64", [5, 0, 0, 0, 0, 0, 0, 0], [5]),
      ("U64", [0, 0, 0, 0, 0, 0, 0, 0x80], [0x1p63]), ("BOOL", [0, 1], [0, 1]),
    ] as [(String, [UInt8], [Float])])
  func `every element type is read`(type: String, data: [UInt8], elements: [Float]) throws {
    let header = "{\"x\":{\"dtype\":\"\(type)\",\"shape\":[\(elements.count)],\"data_offsets\":[0,\(data.count)]}}"
    #expect(try Safetensors(bytes: Self.file(header, data: data), path: "test").tensor("x").elements == elements)
  }

  @Test(arguments: [ElementType.float16, .bfloat16])
  func `numbers of 16 bits are written as the nearest, ties to even`(type: ElementType) throws {
    func roundTrip(_ elements: [Float]) throws -> [Float] {
      try withTemporaryFolder { folder in
        try Safetensors.write(["x": Tensor(elements)], as: type, to: "\(folder)/x")
        let file = try Safetensors(contentsOf: "\(folder)/x")
        #expect(file.entry("x")?.elementType == type)
        return try file.tensor("x").elements
      }
    }
    // All numbers of the type stay, NaN being one of many.
    let bits = (0...UInt16.max).flatMap { [UInt8($0 & 0xFF), UInt8($0 >> 8)] }
    let header = "{\"x\":{\"dtype\":\"\(type.rawValue)\",\"shape\":[65536],\"data_offsets\":[0,131072]}}"
    let all = try Safetensors(bytes: Self.file(header, data: bits), path: "all").tensor("x").elements
    let written = try roundTrip(all)
    for (index, element) in all.enumerated() {
      #expect(written[index].bitPattern == element.bitPattern || (element.isNaN && written[index].isNaN))
    }
    // Between two neighbours: the middle goes to the one with an even last bit, what is beside it to the nearer one.
    let largest = all.indices.last { $0 < 0x8000 && all[$0].isFinite }!
    var (between, expected): ([Float], [Float]) = ([], [])
    for index in 0..<largest {
      let (low, high) = (all[index], all[index + 1])
      let middle = (low + high) / 2
      // Half of the smallest Float cannot be told from the middle.
      guard middle > low && middle < high && middle.nextUp < high else { continue }
      for sign in [Float(1), -1] {
        between += [middle.nextDown * sign, middle * sign, middle.nextUp * sign]
        expected += [low * sign, (index % 2 == 0 ? low : high) * sign, high * sign]
      }
    }
    #expect(between.count > 100_000)
    #expect(try roundTrip(between) == expected)
    #expect(try roundTrip([.greatestFiniteMagnitude, -.infinity]) == [.infinity, -.infinity])
  }

  @Test(arguments: [
    ("{\"x\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,8]}}", 8, "takes 4 bytes, but has 8"),
    ("{\"x\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]}}", 0, "not within the file's 0 bytes"),
    ("{\"x\":{\"dtype\":\"F32\",\"shape\":[-1],\"data_offsets\":[0,4]}}", 4, "the shape of x"),
    ("{\"x\":{\"dtype\":\"F32\",\"shape\":[4294967296,4294967296,4],\"data_offsets\":[0,4]}}", 4, "the shape of x"),
    ("{\"x\":{\"dtype\":\"F31\",\"shape\":[1],\"data_offsets\":[0,4]}}", 4, "unknown dtype F31"),
    ("{\"x\":{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[1,0]}}", 4, "not within"),
    ("{\"x\":{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[1,2]}}", 2, "leaves a gap"),
    ("{\"x\":{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[0,1]}}", 2, "belong to no tensor"),
    (
      "{\"x\":{\"dtype\":\"U8\",\"shape\":[2],\"data_offsets\":[0,2]},\"y\":{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[1,2]}}",
      2, "overlaps"
    ),
    (
      "{\"x\":{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[0,1]},\"x\":{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[0,1]}}",
      1, "appears twice"
    ),
    ("{\"x\":{\"dtype\":\"U8\",\"shape\":[1]}}", 1, "must have dtype, shape and data_offsets"),
    ("{\"__metadata__\":{\"a\":1}}", 0, "is not a string"), ("[1]", 0, "not a JSON object"), ("{", 0, "not JSON"),
    (String(repeating: "[", count: 100), 0, "deeper than 32"),
  ]) func `a header that lies is refused`(header: String, data: Int, message: String) {
    let error = #expect(throws: WeightsError.self) {
      try Safetensors(bytes: Self.file(header, data: Array(repeating: 0, count: data)), path: "bad.safetensors")
    }
    #expect(error?.description.contains(message) == true, "\(error?.description ?? "")")
    #expect(error?.description.hasPrefix("bad.safetensors") == true)
  }

  @Test func `files too short and headers too long are refused`() {
    #expect(throws: WeightsError.self) { try Safetensors(bytes: [1, 2], path: "x") }
    #expect(throws: WeightsError.self) { try Safetensors(bytes: Array(repeating: 0xFF, count: 64), path: "x") }
  }

  @Test func `damaged files are refused or read, and never stop the program`() throws {
    let header =
      "{\"__metadata__\":{\"k\":\"\\u00e9\"},\"x\":{\"dtype\":\"F32\",\"shape\":[2,1],\"data_offsets\":[0,8]},"
      + "\"y\":{\"dtype\":\"I16\",\"shape\":[],\"data_offsets\":[8,10]}}"
    let whole = Self.file(header, data: Array(0..<10))
    _ = try Safetensors(bytes: whole, path: "x")
    var generator = RandomGenerator(seed: 1)
    for _ in 0..<20_000 {
      var damaged = whole
      for _ in 0...generator.nextIndex(below: 3) {
        switch generator.nextIndex(below: 3) {
        case 0: damaged[generator.nextIndex(below: damaged.count)] = UInt8(truncatingIfNeeded: generator.next())
        case 1: damaged.removeLast(generator.nextIndex(below: damaged.count - 1))
        default: damaged.insert(UInt8(ascii: "9"), at: generator.nextIndex(below: damaged.count))
        }
      }
      _ = (try? Safetensors(bytes: damaged, path: "x"))?.tensors
    }
  }

  @Test func `a file that is missing or a folder is one sentence`() {
    #expect(throws: WeightsError.unreadable(path: "/no/such", reason: "No such file or directory")) {
      try Safetensors(contentsOf: "/no/such")
    }
    #expect(throws: WeightsError.unreadable(path: "/tmp", reason: "it is a folder")) {
      try Safetensors(contentsOf: "/tmp")
    }
    #expect(throws: WeightsError.self) { try Safetensors.write([:], to: "/no/such/folder/x") }
  }

  @Test func `loading names everything that does not fit, and changes nothing`() throws {
    struct Model: Parameterized {
      var weight = Tensor.zeros([2])
      var bias: Tensor? = Tensor.zeros([3])
      mutating func visitParameters(_ visitor: inout some ParameterVisitor) {
        visitor.visit("weight", &weight)
        visitor.visit("bias", &bias)
      }
    }
    var model = Model()
    let error = #expect(throws: WeightsError.self) {
      try model.load(["weight": .ones([3]), "extra": .ones([1])], from: "file")
    }
    #expect(
      error?.description
        == "file does not fit the model: it lacks bias; the model has no extra; it misshapes weight, which is (3) and not (2)"
    )
    #expect(model.weight == .zeros([2]))
    try model.load(["weight": .ones([2]), "extra": .ones([1])], from: "file", isStrict: false)
    #expect(model.weight == .ones([2]))
    try withTemporaryFolder { folder in
      try model.save(to: "\(folder)/m.safetensors")
      var other = Model()
      try other.load(try Safetensors(contentsOf: "\(folder)/m.safetensors"))
      #expect(other.weight == .ones([2]) && other.bias == .zeros([3]))
    }
  }
}
