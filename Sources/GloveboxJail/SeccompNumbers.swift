internal import GloveboxCore
internal import GloveboxLinux

/// Names and numbers of calls: libseccomp's, and those a profile adds because they are newer than the library.
struct SeccompNumbers: Sendable, Hashable {
    private var added: [String: Int32] = [:]

    #if arch(x86_64)
    private static let architecture = "x86_64"
    #else
    private static let architecture = "aarch64"
    #endif

    /// Reads `{"x86_64": {"mseal": 462}}`; what libseccomp also knows must be the same number.
    ///
    /// - Throws: `profile.invalid`, or a code of ``JSONFields``.
    init(_ value: JSONValue?) throws(GloveboxError) {
        guard let value else { return }
        var fields = try JSONFields(value, at: "profile.numbers")
        for architecture in ["x86_64", "aarch64"] {
            guard let table = fields.optional(architecture) else { continue }
            guard let members = table.object?.members else { throw Self.invalid }
            for member in members {
                guard let number = member.value.integer, (0..<0x4000_0000).contains(number) else { throw Self.invalid }
                if architecture == Self.architecture { try add(member.name, Int32(number)) }
            }
        }
        try fields.finish()
    }

    private mutating func add(_ name: String, _ number: Int32) throws(GloveboxError) {
        let known = SeccompFilter.number(of: name)
        guard known == nil || known == number, !added.values.contains(number) else {
            throw GloveboxError("profile.invalid", "\(Display.escape(name)) is not call \(number) here")
        }
        added[name] = number
    }

    /// Number of a call.
    func number(of name: String) -> Int32? { SeccompFilter.number(of: name) ?? added[name] }

    /// Name of a call; `call-N` when no one knows it.
    func name(of number: Int32) -> String {
        added.first { $0.value == number }?.key ?? SeccompFilter.name(of: number)
    }

    private static let invalid = GloveboxError("profile.invalid", "a table of call numbers is not well formed")
}
