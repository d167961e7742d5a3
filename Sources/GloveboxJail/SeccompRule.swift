internal import GloveboxCore

/// Calls that share a fate.
package struct SeccompRule: Sendable, Hashable {
    /// Name of the rule; a refused call is reported under it.
    package let name: String
    /// What needs it, or why it is closed.
    package let why: String
    /// Names of calls.
    package var calls: [String]
    /// Conditions on arguments, all of which must hold.
    package var conditions: [SeccompCondition]

    /// Makes a rule.
    package init(name: String, why: String, calls: [String], conditions: [SeccompCondition] = []) {
        self.name = name
        self.why = why
        self.calls = calls
        self.conditions = conditions
    }

    /// Reads a rule.
    ///
    /// - Throws: `profile.invalid`, or a code of ``JSONFields``.
    init(_ value: JSONValue) throws(GloveboxError) {
        var fields = try JSONFields(value, at: "profile.rule")
        let name = try fields.string("rule")
        let why = try fields.string("why")
        var calls: [String] = []
        for call in try fields.array("calls") {
            guard let call = call.string else { throw Self.invalid(name, "names a call that is no string") }
            calls.append(call)
        }
        var conditions: [SeccompCondition] = []
        if let when = fields.optional("when") {
            guard let list = when.array, !list.isEmpty else { throw Self.invalid(name, "has an empty condition") }
            for condition in list { conditions.append(try SeccompCondition(condition)) }
        }
        try fields.finish()
        guard !name.isEmpty, !why.isEmpty, !calls.isEmpty else { throw Self.invalid(name, "is empty") }
        guard Set(conditions.map(\.argument)).count == conditions.count else {
            throw Self.invalid(name, "asks for one argument twice")
        }
        self.init(name: name, why: why, calls: calls, conditions: conditions)
    }

    static func invalid(_ name: String, _ what: String) -> GloveboxError {
        GloveboxError("profile.invalid", "the rule '\(Display.escape(name))' \(what)")
    }
}
