import KakudaiTensors

extension Module {
  /// The tree of layers, as PyTorch prints it.
  public var description: String {
    var copy = self
    var printer = TreePrinter(root: copy)
    copy.visitParameters(&printer)
    return printer.text
  }
}

/// Builds the lines of a tree from the children that are entered and left.
private struct TreePrinter: ParameterVisitor {
  private struct Branch {
    var head: String
    var attributes: String
    var children: [String] = []

    var text: String {
      guard !children.isEmpty else { return "\(head)(\(attributes))" }
      let lines = children.joined(separator: "\n").split(separator: "\n", omittingEmptySubsequences: false)
      return "\(head)(\n" + lines.map { "  \($0)\n" }.joined() + ")"
    }
  }

  var path: [String] = []
  private var branches: [Branch]

  init(root: some Parameterized) { branches = [TreePrinter.branch(root)] }

  var text: String { branches[0].text }

  private static func branch(_ value: some Parameterized) -> Branch {
    let type = String(describing: type(of: value))
    guard let module = value as? any Module else {
      return Branch(head: type.hasPrefix("Array") ? "ModuleList" : type, attributes: "")
    }
    return Branch(head: type, attributes: module.printedAttributes)
  }

  mutating func visit(tensor: inout Tensor, named name: String, role: ParameterRole) {}

  mutating func enter(_ child: some Parameterized, named name: String) { branches.append(TreePrinter.branch(child)) }

  mutating func leave() {
    let branch = branches.removeLast()
    branches[branches.count - 1].children.append("(\(path.last!)): \(branch.text)")
  }
}

extension PerAxis {
  /// One number where both are equal, as PyTorch prints what was given as one.
  var printed: String { height == width ? String(height) : description }
}

/// Python's spelling.
func printed(_ value: Bool) -> String { value ? "True" : "False" }
