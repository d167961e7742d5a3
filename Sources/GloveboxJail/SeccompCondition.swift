internal import GloveboxCore
internal import GloveboxLinux

/// What a rule asks of one argument of a call.
package struct SeccompCondition: Sendable, Hashable {
    /// A number with the name the kernel's headers give it.
    package struct Value: Sendable, Hashable {
        package let name: String
        package let number: UInt64
    }

    /// The question.
    package enum Test: Sendable, Hashable {
        /// `argument & mask` is one of these.
        case oneOf([Value], mask: UInt64)
        /// The whole argument is not this.
        case not(Value)
        /// None of these flags is set.
        case clear([Value])
        /// At least one of these flags is set.
        case any([Value])
    }

    /// Number of the argument, from 0.
    package let argument: UInt32
    package var test: Test

    /// Makes a condition.
    package init(argument: UInt32, test: Test) {
        self.argument = argument
        self.test = test
    }

    /// Reads `{"argument": 1, "mask": "0xffffffff", "in": {"TCGETS": "0x5401"}}` and its kin.
    ///
    /// - Throws: `profile.invalid`, or a code of ``JSONFields``.
    init(_ value: JSONValue) throws(GloveboxError) {
        var fields = try JSONFields(value, at: "profile.rule.when")
        let argument = try fields.integer("argument")
        let mask = try fields.optional("mask").map(Self.number)
        let tests = ["in", "not-in", "clear", "any"].compactMap { name in fields.optional(name).map { (name, $0) } }
        try fields.finish()
        guard (0..<6).contains(argument), tests.count == 1, let (kind, members) = tests.first,
            mask == nil || kind == "in"
        else { throw Self.malformed }
        let values = try Self.values(members)
        self.argument = UInt32(argument)
        switch kind {
        case "in":
            let mask = mask ?? .max
            guard values.allSatisfy({ $0.number & ~mask == 0 }) else { throw Self.malformed }
            test = .oneOf(values, mask: mask)
        case "not-in":
            guard values.count == 1 else { throw Self.malformed }  // libseccomp compares an argument once a rule
            test = .not(values[0])
        case "clear": test = .clear(values)
        default: test = .any(values)
        }
        if case .oneOf = test { return }
        if case .not = test { return }
        guard values.allSatisfy({ $0.number.nonzeroBitCount == 1 }) else { throw Self.malformed }
    }

    /// The comparisons that stand for this condition: one of them must hold.
    var alternatives: [SeccompFilter.Condition] {
        switch test {
        case .oneOf(let values, .max):
            values.map { SeccompFilter.Condition(argument: argument, comparison: .equal, value: $0.number) }
        case .oneOf(let values, let mask): values.map { masked($0.number, by: mask) }
        case .not(let value):
            [SeccompFilter.Condition(argument: argument, comparison: .notEqual, value: value.number)]
        case .clear(let flags): [masked(0, by: flags.reduce(0) { $0 | $1.number })]
        case .any(let flags): flags.map { masked($0.number, by: $0.number) }
        }
    }

    private func masked(_ value: UInt64, by mask: UInt64) -> SeccompFilter.Condition {
        SeccompFilter.Condition(argument: argument, comparison: .masked, value: value, mask: mask)
    }

    private static func values(_ value: JSONValue) throws(GloveboxError) -> [Value] {
        guard let object = value.object, !object.members.isEmpty else { throw malformed }
        var values: [Value] = []
        for member in object.members { values.append(Value(name: member.name, number: try number(member.value))) }
        guard Set(values.map(\.number)).count == values.count else { throw malformed }
        return values
    }

    private static func number(_ value: JSONValue) throws(GloveboxError) -> UInt64 {
        guard let text = value.string, text.hasPrefix("0x"), text.utf8.dropFirst(2).allSatisfy(isHexadecimal),
            let number = UInt64(text.dropFirst(2), radix: 16)
        else { throw malformed }
        return number
    }

    private static func isHexadecimal(_ byte: UInt8) -> Bool {
        (0x30...0x39).contains(byte) || (0x61...0x66).contains(byte)
    }

    private static let malformed = GloveboxError("profile.invalid", "a condition is not well formed")
}
