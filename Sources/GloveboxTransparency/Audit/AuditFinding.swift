package import GloveboxCore

/// Something a complete and honest log would not have, or would not have left open.
package struct AuditFinding: Sendable, Hashable {
    /// How much it weighs.
    package enum Weight: String, Sendable {
        /// A rule of the log is broken.
        case gap
        /// Something has begun and the log does not say yet how it ended.
        case open
    }

    /// A stable code, `audit.…`.
    package let code: String
    /// How much it weighs.
    package let weight: Weight
    /// The entry at which it shows.
    package let index: UInt64
    /// The job it is about.
    package let job: String?
    /// What is wrong, in a sentence; safe to show.
    package let message: String

    init(_ code: String, _ weight: Weight = .gap, at index: UInt64, job: String? = nil, _ message: String) {
        self.code = code
        self.weight = weight
        self.index = index
        self.job = job
        self.message = message
    }

    /// One object, for programs.
    package var json: JSONValue {
        var members: [(String, JSONValue)] = [
            ("code", .string(code)), ("index", .string(String(index))), ("message", .string(message)),
            ("weight", .string(weight.rawValue)),
        ]
        if let job { members.append(("job", .string(job))) }
        return .object(JSONObject(members))
    }
}
