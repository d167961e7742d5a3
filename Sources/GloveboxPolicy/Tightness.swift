package import GloveboxCore
internal import GloveboxTables

/// What makes one value of a policy key tighter than another.
///
/// Source: release policy section 3.3.
package enum Tightness: Hashable, Sendable {
    /// Both values must be the same.
    case equal
    /// The key limits nothing.
    case free
    /// A larger number is tighter.
    case larger
    /// A smaller number is tighter.
    case smaller
    /// An integer multiple is tighter, of numbers or of durations.
    case multiple
    /// A list of allowed things: fewer are tighter; the word `any` stands for all.
    case subset
    /// A list of conditions that must all hold: more are tighter.
    case superset
    /// Words from loose to strict; words of one rank cannot be compared.
    case words([[String]])
    /// A number of parameters, or `units - N`.
    case parameters
    /// `forbid`, or the datasets that may be joined.
    case joins

    /// How a child's value stands to its parent's.
    package enum Order: String, Sendable {
        case same
        case tighter
        case looser
        /// Neither is at least as tight as the other.
        case incomparable
    }

    /// How `child` stands to `parent`.
    package func order(parent: JSONValue, child: JSONValue) -> Order {
        if parent == child { return .same }
        switch (accepts(parent, child), accepts(child, parent)) {
        case (true, true): return .same
        case (true, false): return .tighter
        case (false, true): return .looser
        case (false, false): return .incomparable
        }
    }

    /// The tighter of two values; nil when they cannot be compared.
    package func tighter(_ left: JSONValue, _ right: JSONValue) -> JSONValue? {
        if accepts(left, right) { return right }
        if accepts(right, left) { return left }
        switch self {
        case .subset:
            guard let one = left.array, let other = right.array else { return nil }
            let common = one.filter(other.contains)
            return common.isEmpty ? nil : .array(common)
        case .superset:
            guard let one = left.array, let other = right.array else { return nil }
            return .array(one + other.filter { !one.contains($0) })
        default: return nil
        }
    }

    // Whether a child with this value is at least as tight as its parent.
    private func accepts(_ parent: JSONValue, _ child: JSONValue) -> Bool {
        if parent == child { return true }
        switch self {
        case .equal: return false
        case .free: return true
        case .larger, .smaller:
            guard let one = Self.number(parent), let other = Self.number(child) else { return false }
            return self == .larger ? other > one : other < one
        case .multiple:
            guard let one = Self.seconds(parent), let other = Self.seconds(child), one > 0 else { return false }
            return other > 0 && other.isMultiple(of: one)
        case .subset:
            guard let other = child.array else { return false }
            return parent == "any" || parent.array.map { one in other.allSatisfy(one.contains) } == true
        case .superset:
            guard let one = parent.array, let other = child.array else { return false }
            return one.allSatisfy(other.contains)
        case .words(let ranks):
            guard let one = Self.rank(parent, ranks), let other = Self.rank(child, ranks) else { return false }
            return other > one
        case .parameters:
            if let one = parent.integer, let other = child.integer { return other < one }
            guard let one = Self.unitsLess(parent), let other = Self.unitsLess(child) else { return false }
            return other > one
        case .joins:
            if child == "forbid" { return true }
            return Tightness.subset.accepts(parent["with"] ?? .null, child["with"] ?? .null)
        }
    }

    private static func number(_ value: JSONValue) -> ExactDecimal? {
        value.integer.map { ExactDecimal($0) } ?? value.string.flatMap { ExactDecimal(policyText: $0) }
    }

    private static func seconds(_ value: JSONValue) -> Int64? {
        if let number = value.integer { return number }
        guard let text = value.string, let unit = text.last.flatMap({ ["s": 1, "m": 60, "h": 3600][$0] as Int64? })
        else { return nil }
        return Int64(text.dropLast()).map { $0 * unit }
    }

    private static func rank(_ value: JSONValue, _ ranks: [[String]]) -> Int? {
        let word = value.string ?? value.bool.map { $0 ? "true" : "false" }
        return word.flatMap { word in ranks.firstIndex { $0.contains(word) } }
    }

    private static func unitsLess(_ value: JSONValue) -> Int64? {
        value.string.flatMap { Int64($0.dropFirst("units - ".count)) }
    }
}
