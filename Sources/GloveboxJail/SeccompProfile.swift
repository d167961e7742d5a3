package import GloveboxCore
internal import GloveboxLinux

/// A seccomp profile as data: which calls are allowed, which are refused by name of a rule, each with its reason.
///
/// Format: `Policies/seccomp/*.json`, `glovebox-seccomp/1`.
package struct SeccompProfile: Sendable {
    /// Calls that share a fate.
    package struct Rule: Sendable {
        /// Name of the rule a refused call is reported under; empty for allowed calls.
        package let name: String
        /// What needs it, or why it is closed.
        package let why: String
        /// Names of calls.
        package let calls: [String]
        /// Conditions on arguments, all of which must hold.
        let conditions: [SeccompFilter.Condition]
    }

    /// Name of the profile.
    package let name: String
    /// Calls the program may make.
    package let allowed: [Rule]
    /// Calls answered with EPERM and told.
    package let refused: [Rule]

    /// Whether any call is told to the supervisor.
    package var notifies: Bool { !refused.isEmpty }

    /// Reads a profile; an unknown member or call name refuses it whole.
    ///
    /// - Throws: `profile.invalid`, or a code of ``JSONReader`` and ``JSONFields``.
    package init(parsing bytes: [UInt8]) throws(GloveboxError) {
        var fields = try JSONFields(JSONReader.read(bytes), at: "profile")
        guard try fields.string("profile") == "glovebox-seccomp/1" else {
            throw GloveboxError("profile.invalid", "not a glovebox-seccomp/1 profile")
        }
        name = try fields.string("name")
        _ = try fields.string("about")
        allowed = try Self.rules(fields.array("allow"), named: false)
        refused = try Self.rules(fields.array("refuse"), named: true)
        try fields.finish()
    }

    private static func rules(_ values: [JSONValue], named: Bool) throws(GloveboxError) -> [Rule] {
        var rules: [Rule] = []
        for value in values {
            var fields = try JSONFields(value, at: "profile.rule")
            let name = named ? try fields.string("rule") : ""
            let why = try fields.string("why")
            var calls: [String] = []
            for call in try fields.array("calls") {
                guard let call = call.string, SeccompFilter.number(of: call) != nil else {
                    throw GloveboxError("profile.invalid", "a rule names a call that is unknown here: \(why)")
                }
                calls.append(call)
            }
            var conditions: [SeccompFilter.Condition] = []
            for condition in fields.optional("when")?.array ?? [] { conditions.append(try Self.condition(condition)) }
            try fields.finish()
            rules.append(Rule(name: name, why: why, calls: calls, conditions: conditions))
        }
        return rules
    }

    private static func condition(_ value: JSONValue) throws(GloveboxError) -> SeccompFilter.Condition {
        var fields = try JSONFields(value, at: "profile.rule.when")
        let argument = try fields.integer("argument")
        let comparison = SeccompFilter.Condition.Comparison(rawValue: try fields.string("is"))
        let text = try fields.string("value")
        let mask = fields.optional("mask")?.string
        try fields.finish()
        guard (0..<6).contains(argument), let comparison, let value = hexadecimal(text),
            (mask != nil) == (comparison == .masked)
        else { throw GloveboxError("profile.invalid", "a condition is not well formed") }
        guard let mask else {
            return SeccompFilter.Condition(argument: UInt32(argument), comparison: comparison, value: value)
        }
        guard let bits = hexadecimal(mask) else { throw GloveboxError("profile.invalid", "a mask is not well formed") }
        return SeccompFilter.Condition(argument: UInt32(argument), comparison: comparison, value: value, mask: bits)
    }

    private static func hexadecimal(_ text: String) -> UInt64? {
        text.hasPrefix("0x") ? UInt64(text.dropFirst(2), radix: 16) : nil
    }

    /// The BPF the launcher loads.
    ///
    /// - Throws: `jail.seccomp`.
    package func compiled() throws(GloveboxError) -> [UInt8] {
        do {
            let filter = try SeccompFilter(unknown: .error(38))  // ENOSYS
            for rule in allowed { try Self.add(.allow, rule, to: filter) }
            for rule in refused { try Self.add(.notify, rule, to: filter) }
            return try filter.compiled()
        } catch {
            throw error.coded("jail.seccomp")
        }
    }

    private static func add(
        _ action: SeccompFilter.Action,
        _ rule: Rule,
        to filter: SeccompFilter
    ) throws(SyscallError) {
        for call in rule.calls {
            guard let number = SeccompFilter.number(of: call) else { continue }  // checked when read
            try filter.add(action, call: number, when: rule.conditions)
        }
    }

    /// The rule that refuses a call.
    package func rule(refusing call: String) -> Rule? { refused.first { $0.calls.contains(call) } }
}
