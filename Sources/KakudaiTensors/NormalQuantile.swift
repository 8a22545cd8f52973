/// The x below which a standard normal variable falls with `probability`: algorithm AS 241 (PPND16, Wichura 1988).
///
/// The coefficients are the published ones; only + − × ÷ √ are used, so that every platform gives the same bits.
package func normalQuantile(_ probability: Double) -> Double {
  let q = probability - 0.5
  if abs(q) <= 0.425 {
    return q * ratio(center, centerDivisor, at: 0.180625 - q * q)
  }
  let r = (-naturalLogarithm(q < 0 ? probability : 1 - probability)).squareRoot()
  let magnitude = r <= 5 ? ratio(tail, tailDivisor, at: r - 1.6) : ratio(farTail, farTailDivisor, at: r - 5)
  return q < 0 ? -magnitude : magnitude
}

/// ln x for finite x > 0, within a few units in the last place: 2·artanh of a mantissa near 1, plus a multiple of ln 2.
package func naturalLogarithm(_ x: Double) -> Double {
  var exponent = Double(x.exponent)
  var mantissa = x.significand
  if mantissa > 1.4142135623730951 {
    mantissa /= 2
    exponent += 1
  }
  let s = (mantissa - 1) / (mantissa + 1)
  let square = s * s
  var series = 0.0
  for term in stride(from: 25, through: 1, by: -2) { series = series * square + 1 / Double(term) }
  return 2 * s * series + exponent * 0.6931471805599453
}

private func ratio(_ numerator: [Double], _ denominator: [Double], at x: Double) -> Double {
  func polynomial(_ coefficients: [Double]) -> Double {
    coefficients.reversed().reduce(0) { sum, coefficient in
      let product = sum * x
      return product + coefficient
    }
  }
  return polynomial(numerator) / polynomial(denominator)
}

private let center = [
  3.3871328727963666080, 133.14166789178437745, 1971.5909503065514427, 13731.693765509461125, 45921.953931549871457,
  67265.770927008700853, 33430.575583588128105, 2509.0809287301226727,
]
private let centerDivisor = [
  1, 42.313330701600911252, 687.18700749205790830, 5394.1960214247511077, 21213.794301586595867, 39307.895800092710610,
  28729.085735721942674, 5226.4952788528545610,
]
private let tail = [
  1.42343711074968357734, 4.63033784615654529590, 5.76949722146069140550, 3.64784832476320460504,
  1.27045825245236838258, 0.241780725177450611770, 0.0227238449892691845833, 7.74545014278341407640e-4,
]
private let tailDivisor = [
  1, 2.05319162663775882187, 1.67638483018380384940, 0.689767334985100004550, 0.148103976427480074590,
  0.0151986665636164571966, 5.47593808499534494600e-4, 1.05075007164441684324e-9,
]
private let farTail = [
  6.65790464350110377720, 5.46378491116411436990, 1.78482653991729133580, 0.296560571828504891230,
  0.0265321895265761230930, 1.24266094738807843860e-3, 2.71155556874348757815e-5, 2.01033439929228813265e-7,
]
private let farTailDivisor = [
  1, 0.599832206555887937690, 0.136929880922735805310, 0.0148753612908506148525, 7.86869131145613259100e-4,
  1.84631831751005468180e-5, 1.42151175831644588870e-7, 2.04426310338993978564e-15,
]
