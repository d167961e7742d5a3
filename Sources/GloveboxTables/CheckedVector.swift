/// A list of numbers that a program wrote, and nothing else of its bytes.
package struct CheckedVector: Hashable, Sendable {
    /// Greatest number of numbers.
    package static let maxLength = 64
    /// Digits that are kept of a number: more than any bound of a policy has.
    static let maxDigits = 30
    /// Numbers of 10^30 and more count as 10^30, those below 10^-30 as zero: every policy bounds and rounds them alike.
    static let maxPower = 30

    /// The numbers.
    package let numbers: [ExactDecimal]

    /// Makes a vector.
    package init(_ numbers: [ExactDecimal]) { self.numbers = numbers }

    /// Whether a number is one that ``VectorReader`` gives.
    static func isValid(_ number: ExactDecimal) -> Bool {
        let digits = String(number.mantissa.magnitude).utf8.count
        return digits <= maxDigits + 1 && (-maxPower - maxDigits...maxPower).contains(number.exponent)
            && digits + number.exponent <= maxPower + 1
    }
}
