package import Testing

/// What a process of an exit test wrote to standard error; observe `\.standardErrorContent`.
package func message(of result: ExitTest.Result?) -> String {
  String(decoding: result?.standardErrorContent ?? [], as: UTF8.self)
}
