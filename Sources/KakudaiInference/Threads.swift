#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#elseif canImport(Darwin)
import Darwin
#endif

/// Runs `body` on `count` threads that all exist at the same time, one of them the caller's.
func onThreads(_ count: Int, _ body: (Int) -> Void) {
  withoutActuallyEscaping(body) { body in
    final class Start {
      let body: () -> Void
      init(_ body: @escaping () -> Void) { self.body = body }
    }
    #if canImport(Darwin)
    var threads = [pthread_t?](repeating: nil, count: count - 1)
    #else
    var threads = [pthread_t](repeating: pthread_t(), count: count - 1)
    #endif
    for index in threads.indices {
      let start = Unmanaged.passRetained(Start { body(index + 1) })
      let status = pthread_create(
        &threads[index], nil,
        { argument in
          #if canImport(Darwin)
          Unmanaged<Start>.fromOpaque(argument).takeRetainedValue().body()
          #else
          Unmanaged<Start>.fromOpaque(argument!).takeRetainedValue().body()
          #endif
          return nil
        }, start.toOpaque())
      guard status == 0 else { fatalError("no thread could be made: \(String(cString: strerror(status)))") }
    }
    body(0)
    for thread in threads {
      #if canImport(Darwin)
      if let thread { pthread_join(thread, nil) }
      #else
      pthread_join(thread, nil)
      #endif
    }
  }
}
