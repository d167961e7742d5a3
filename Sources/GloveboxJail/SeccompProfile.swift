package import GloveboxCore
internal import GloveboxLinux

/// A seccomp profile as data: which calls are allowed, which are refused by name of a rule, each with its reason.
///
/// Calls that stand in no rule, or whose conditions do not hold, are answered with ENOSYS, or kill where the profile says so;
/// every architecture but the host's own, x32 among them, is killed. Format: `Policies/seccomp/*.json`, `glovebox-seccomp/2`.
package struct SeccompProfile: Sendable {
    /// A group of calls with its reason.
    package typealias Rule = SeccompRule

    /// Name of the profile.
    package let name: String
    /// Calls the program may make.
    package var allowed: [Rule] { didSet { program = SeccompProgram() } }
    /// Calls answered with EPERM and told.
    package var refused: [Rule] { didSet { program = SeccompProgram() } }
    /// Calls known and left to ENOSYS, with the reason; they change nothing in the filter.
    package let unknown: [Rule]
    /// Whether a call that no rule allows ends the process, for programs of which every call is known.
    package let kills: Bool
    /// Numbers of calls that this host's libseccomp may not know by name.
    let numbers: SeccompNumbers
    /// What the rules compile to; copies of a profile share it until one changes its rules.
    private(set) var program = SeccompProgram()

    /// Whether any call is told to the supervisor.
    package var notifies: Bool { !refused.isEmpty }

    /// Reads a profile; an unknown member or call name and a call named twice refuse it whole.
    ///
    /// - Throws: `profile.invalid`, or a code of ``JSONReader`` and ``JSONFields``.
    package init(parsing bytes: [UInt8]) throws(GloveboxError) {
        var fields = try JSONFields(JSONReader.read(bytes), at: "profile")
        guard try fields.string("profile") == "glovebox-seccomp/2" else {
            throw GloveboxError("profile.invalid", "not a glovebox-seccomp/2 profile")
        }
        name = try fields.string("name")
        _ = try fields.string("about")
        numbers = try SeccompNumbers(fields.optional("numbers"))
        allowed = try Self.rules(fields.array("allow"))
        refused = try Self.rules(fields.array("refuse"))
        let otherwise = fields.optional("otherwise")
        guard otherwise == nil || otherwise == "kill" else {
            throw GloveboxError("profile.invalid", "what happens otherwise is 'kill', or ENOSYS without a word")
        }
        kills = otherwise != nil
        let left = fields.optional("unknown") ?? .array([])
        guard let left = left.array else { throw Rule.invalid("unknown", "is no list") }
        unknown = try Self.rules(left)
        try fields.finish()
        try check()
    }

    private static func rules(_ values: [JSONValue]) throws(GloveboxError) -> [Rule] {
        var rules: [Rule] = []
        for value in values { rules.append(try Rule(value)) }
        return rules
    }

    /// A rule's name is used once; a call stands in one rule of a list, and in two lists only with conditions in both.
    private func check() throws(GloveboxError) {
        var names: Set<String> = []
        var free: Set<String> = []
        var bound: Set<String> = []
        for list in [allowed, refused, unknown] {
            var here: Set<String> = []
            for rule in list {
                guard names.insert(rule.name).inserted else { throw Rule.invalid(rule.name, "stands there twice") }
                for call in rule.calls {
                    guard numbers.number(of: call) != nil else {
                        throw Rule.invalid(rule.name, "names a call that is unknown here: \(Display.escape(call))")
                    }
                    let first = here.insert(call).inserted
                    let alone = !free.contains(call) && (!rule.conditions.isEmpty || !bound.contains(call))
                    guard first, alone else { throw Rule.invalid(rule.name, "names \(call) a second time") }
                    if rule.conditions.isEmpty { free.insert(call) } else { bound.insert(call) }
                }
            }
        }
        guard unknown.allSatisfy(\.conditions.isEmpty) else {
            throw GloveboxError("profile.invalid", "a call left to ENOSYS has a condition")
        }
    }

    /// The BPF the launcher loads; compiled once.
    ///
    /// - Throws: `jail.seccomp`.
    package func compiled() throws(GloveboxError) -> [UInt8] {
        try program.bytes { () throws(GloveboxError) in try compiledAnew() }
    }

    /// Takes a program that these rules were compiled to before.
    mutating func adopt(program bytes: [UInt8]) { program = SeccompProgram(bytes) }

    /// Compiles anew.
    ///
    /// - Throws: `jail.seccomp`.
    package func compiledAnew() throws(GloveboxError) -> [UInt8] {
        do {
            let filter = try SeccompFilter(unknown: kills ? .kill : .error(38))  // ENOSYS
            for rule in allowed { try add(.allow, rule, to: filter) }
            for rule in refused { try add(.notify, rule, to: filter) }
            return try filter.compiled()
        } catch {
            throw error.coded("jail.seccomp")
        }
    }

    private func add(
        _ action: SeccompFilter.Action,
        _ rule: Rule,
        to filter: SeccompFilter
    ) throws(SyscallError) {
        var ways: [[SeccompFilter.Condition]] = [[]]
        for condition in rule.conditions {
            ways = ways.flatMap { way in condition.alternatives.map { way + [$0] } }
        }
        for call in rule.calls {
            guard let number = numbers.number(of: call) else { continue }  // checked when read
            for way in ways { try filter.add(action, call: number, when: way) }
        }
    }

    /// The rule that refuses a call; also found by `call-N`, as a call is named that libseccomp does not know.
    package func rule(refusing call: String) -> Rule? {
        let own = Int32(call.dropFirst(5)).map(name(of:)) ?? call
        return refused.first { $0.calls.contains(own) }
    }

    /// Number of a call by name; nil when neither libseccomp nor the profile knows it.
    package func number(of call: String) -> Int32? { numbers.number(of: call) }

    /// Name of a call by number, with the names the profile adds.
    package func name(of number: Int32) -> String { numbers.name(of: number) }
}
