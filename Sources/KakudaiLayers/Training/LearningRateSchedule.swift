#if canImport(Glibc)
import Glibc
#elseif canImport(Darwin)
import Darwin
#endif

/// The learning rate as a function of the step, counted from 0.
public struct LearningRateSchedule: Hashable, Sendable {
  public enum Course: Hashable, Sendable {
    case constant
    /// From the base rate to `last` along half a cosine, over `steps` (Loshchilov and Hutter, 2017).
    case cosine(steps: Int, last: Float)
    /// Multiplied by `factor` after every `interval` steps.
    case steps(interval: Int, factor: Float)
  }

  public var base: Float
  public var course: Course
  /// Steps in which the rate first rises linearly from nearly 0.
  public var warmUpSteps: Int

  public init(base: Float, course: Course = .constant, warmUpSteps: Int = 0) {
    (self.base, self.course, self.warmUpSteps) = (base, course, warmUpSteps)
  }

  public func rate(at step: Int) -> Float {
    let rise = step < warmUpSteps ? Float(step + 1) / Float(warmUpSteps) : 1
    switch course {
    case .constant: return rise * base
    case .cosine(let steps, let last):
      let progress = Double(min(step, steps)) / Double(max(1, steps))
      return rise * (last + (base - last) * Float(0.5 * (1 + cos(progress * .pi))))
    case .steps(let interval, let factor): return rise * base * powf(factor, Float(step / max(1, interval)))
    }
  }
}
