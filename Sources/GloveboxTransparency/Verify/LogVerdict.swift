package import GloveboxCore

/// What the verification of a log came to: every check, and what each found.
package struct LogVerdict: Sendable {
    /// The checks, in the order in which their findings count.
    package enum Check: String, Sendable, CaseIterable {
        /// Form of the checkpoint, the log's signature, origin, cosignatures and quorum.
        case checkpoint
        /// The checkpoint that the reader kept from before.
        case history
        case bundles
        case tiles
        case rootFromEntries = "root-from-entries"
        case rootFromTiles = "root-from-tiles"
        case leaves
        /// Files that no log of this size has.
        case strays
    }

    /// Why a check was not carried out.
    package private(set) var skipped: [Check: String] = [:]
    private var findings: [Check: [GloveboxError]] = [:]
    private var counts: [Check: Int] = [:]
    /// The checkpoint, when it was believed.
    package internal(set) var opened: LogTrust.Opened?
    /// The kept checkpoint, when one was given and believed.
    package internal(set) var kept: Checkpoint?
    /// Remarks that refuse nothing.
    package internal(set) var remarks: [String] = []
    /// Both signed checkpoints and the proof, when the log went back or has two histories.
    package internal(set) var evidence: LogEvidence?

    private static let mostKept = 100

    init() {}

    /// Whether every check that was carried out passed.
    package var isVerified: Bool { counts.isEmpty && opened != nil }

    /// Code of the first finding; empty when verified.
    package var reason: String { Check.allCases.lazy.compactMap { findings[$0]?.first?.code }.first ?? "" }

    /// What a check found, at most a hundred of it.
    package func found(_ check: Check) -> [GloveboxError] { findings[check] ?? [] }

    /// Whether one of these checks found something or was not carried out.
    func lacks(_ checks: Set<Check>) -> Bool { checks.contains { counts[$0] != nil || skipped[$0] != nil } }

    mutating func add(_ check: Check, _ error: GloveboxError) {
        counts[check, default: 0] += 1
        if findings[check, default: []].count < Self.mostKept { findings[check, default: []].append(error) }
    }

    mutating func skip(_ checks: some Sequence<Check>, _ why: String) {
        for check in checks { skipped[check] = why }
    }

    /// The lines for people; the last is the verdict.
    package var story: [String] {
        var lines: [String] = []
        if let opened {
            lines.append("log        \(Display.escape(opened.checkpoint.origin)), \(opened.checkpoint.size) entries")
            lines.append("root       \(opened.checkpoint.root.hex)")
            lines.append("key        SHA-256 \(Hex.encode(opened.key.logID))")
            if let witnesses = opened.witnesses {
                let names = witnesses.map { "\(Display.escape($0.name)) at \($0.time.text)" }
                lines.append("witnesses  \(names.isEmpty ? "none" : names.joined(separator: ", "))")
            } else {
                lines.append("witnesses  not asked: no policy was given")
            }
        }
        if let kept { lines.append("since      \(kept.size) entries, root \(kept.root.hex)") }
        for check in Check.allCases {
            if let why = skipped[check] { lines.append("skipped    \(check.rawValue): \(why)") }
            for error in found(check) { lines.append("failed     \(check.rawValue): \(error)") }
            let more = (counts[check] ?? 0) - found(check).count
            if more > 0 { lines.append("failed     \(check.rawValue): \(more) more") }
        }
        lines += remarks.map { "note       \($0)" }
        return lines + [word]
    }

    /// The verdict in a line.
    private var word: String {
        switch evidence?.kind {
        case .rollback: return "ROLLBACK: this log was larger before. REFUSED \(reason)"
        case .fork: return "FORK: this log has two histories. REFUSED \(reason)"
        case .suspect, nil: return isVerified ? "VERIFIED" : "REFUSED \(reason)"
        }
    }

    /// The object of `--json`.
    package var json: JSONValue {
        var object = JSONObject([
            ("verdict", isVerified ? "verified" : "refused"), ("reason", .string(reason)),
            (
                "checks",
                .array(
                    Check.allCases.map { check in
                        let status = counts[check] != nil ? "failed" : skipped[check] != nil ? "skipped" : "passed"
                        return [
                            "id": .string(check.rawValue), "status": .string(status),
                            "reason": .string(found(check).first?.code ?? ""),
                            "found": .integer(Int64(counts[check] ?? 0)),
                            "details": .array(found(check).map { .string($0.message) }),
                        ]
                    }
                )
            ),
            ("remarks", .array(remarks.map(JSONValue.string))),
        ])
        if let opened {
            object["origin"] = .string(opened.checkpoint.origin)
            object["size"] = .string(String(opened.checkpoint.size))
            object["root"] = .string(opened.checkpoint.root.hex)
            object["key"] = .string(Hex.encode(opened.key.logID))
            object["witnesses"] = opened.witnesses.map { seen in
                .array(seen.map { ["name": .string($0.name), "time": .string($0.time.text)] })
            }
        }
        object["evidence"] = evidence.map { .string($0.kind.rawValue) }
        return .object(object)
    }
}
