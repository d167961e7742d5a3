/// A path with wildcards: `*`, `?` and `[…]` match within one part, and a leading dot only where the pattern has one.
///
/// Source: POSIX.1-2017, XCU 2.13.
struct TaskPattern {
    private let parts: [[UInt8]]

    init(_ pattern: String) { parts = pattern.split(separator: "/").map { Array($0.utf8) } }

    /// Whether the path, or, for a directory, the beginning of it, has this form.
    func matches(_ path: [[UInt8]], orAbove: Bool) -> Bool {
        guard path.count == parts.count || orAbove && path.count > parts.count else { return false }
        return zip(parts, path).allSatisfy { Self.matches($0[...], $1[...], isFirst: true) }
    }

    private static func matches(_ pattern: ArraySlice<UInt8>, _ name: ArraySlice<UInt8>, isFirst: Bool) -> Bool {
        guard let kind = pattern.first else { return name.isEmpty }
        if isFirst, name.first == UInt8(ascii: "."), kind != UInt8(ascii: ".") { return false }
        let rest = pattern.dropFirst()
        switch kind {
        case UInt8(ascii: "*"):
            var left = name
            while true {
                if matches(rest, left, isFirst: false) { return true }
                guard left.popFirst() != nil else { return false }
            }
        case UInt8(ascii: "?"): return !name.isEmpty && matches(rest, name.dropFirst(), isFirst: false)
        case UInt8(ascii: "["):
            guard let byte = name.first, let (set, after) = bracket(rest) else { return false }
            return set(byte) && matches(after, name.dropFirst(), isFirst: false)
        default: return name.first == kind && matches(rest, name.dropFirst(), isFirst: false)
        }
    }

    /// Reads a bracket expression; nil when it has no end.
    private static func bracket(
        _ pattern: ArraySlice<UInt8>
    ) -> (contains: (UInt8) -> Bool, after: ArraySlice<UInt8>)? {
        var rest = pattern
        let isNegated = rest.first == UInt8(ascii: "!") || rest.first == UInt8(ascii: "^")
        if isNegated { rest = rest.dropFirst() }
        var ranges: [ClosedRange<UInt8>] = []
        repeat {
            guard let low = rest.popFirst() else { return nil }
            if rest.first == UInt8(ascii: "-"), let high = rest.dropFirst().first, high != UInt8(ascii: "]") {
                rest = rest.dropFirst(2)
                if low <= high { ranges.append(low...high) }
            } else {
                ranges.append(low...low)
            }
        } while rest.first != UInt8(ascii: "]")
        return ({ byte in ranges.contains { $0.contains(byte) } != isNegated }, rest.dropFirst())
    }
}
