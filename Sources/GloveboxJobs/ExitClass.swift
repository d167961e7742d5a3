package import GloveboxCore

/// How a run ended.
///
/// Source: job-backend section 2 (`job.ended`, `job.failed`).
package enum ExitClass: Sendable, Hashable {
    /// A resource whose limit stopped the run.
    package enum Limit: String, Sendable, Hashable, CaseIterable {
        case wall
        case cpu
        case memory
        case pids
        case disk
        case files
    }

    /// The code left with this status, 0 to 255.
    case exit(UInt8)
    /// The code was killed by this signal, and the site did not send it.
    case signal(UInt8)
    /// A limit of the plan stopped it.
    case limit(Limit)
    /// A rule of the site stopped it, such as a revoked approval.
    case policy
    /// A cancel stopped it.
    case cancelled
    /// The supervisor or the host stopped; whether the code finished is not known.
    case interrupted

    /// Whether outputs may be collected.
    package var isSuccess: Bool { self == .exit(0) }

    /// The stable word: `exit`, `signal`, `limit`, `policy`, `cancelled` or `interrupted`.
    package var word: String {
        switch self {
        case .exit: "exit"
        case .signal: "signal"
        case .limit: "limit"
        case .policy: "policy"
        case .cancelled: "cancelled"
        case .interrupted: "interrupted"
        }
    }

    /// The status a shell would show; 128+n by signal, 124 by the wall clock.
    ///
    /// Only for exact channels.
    package var status: Int32 {
        switch self {
        case .exit(let code): Int32(code)
        case .signal(let number): 128 + Int32(number)
        case .limit(.wall): 124
        case .limit, .policy, .cancelled, .interrupted: 137
        }
    }

    /// The exit code where the output policy does not release the exact one: 0 or 1.
    package var collapsed: Int32 { isSuccess ? 0 : 1 }

    /// `{"class": word}` and, where there is one, `"detail"` as a string.
    package var json: JSONValue {
        switch self {
        case .exit(let code): ["class": .string(word), "detail": .string(String(code))]
        case .signal(let number): ["class": .string(word), "detail": .string(String(number))]
        case .limit(let limit): ["class": .string(word), "detail": .string(limit.rawValue)]
        case .policy, .cancelled, .interrupted: ["class": .string(word)]
        }
    }

    /// Reads what ``json`` writes.
    ///
    /// - Throws: `schema.missing-field`, `schema.type`, `schema.unknown-field`.
    package init(json: JSONValue) throws(GloveboxError) {
        var fields = try JSONFields(json, at: "exit")
        let word = try fields.string("class")
        let detail = fields.optional("detail")?.string
        try fields.finish()
        switch (word, detail) {
        case ("exit", .some(let text)): self = .exit(try Self.small(text))
        case ("signal", .some(let text)): self = .signal(try Self.small(text))
        case ("limit", .some(let text)):
            guard let limit = Limit(rawValue: text) else { throw Self.unreadable }
            self = .limit(limit)
        case ("policy", nil): self = .policy
        case ("cancelled", nil): self = .cancelled
        case ("interrupted", nil): self = .interrupted
        default: throw Self.unreadable
        }
    }

    private static var unreadable: GloveboxError { GloveboxError("schema.type", "exit is no known exit class") }

    private static func small(_ text: String) throws(GloveboxError) -> UInt8 {
        guard let number = UInt8(text), String(number) == text else { throw unreadable }
        return number
    }
}
