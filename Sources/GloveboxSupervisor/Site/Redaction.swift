internal import GloveboxCore
internal import GloveboxJobs
internal import GloveboxTransparency

/// The erasure of one entry's private body: asked for by one account, agreed to by another.
///
/// Source: transparency-log specification, section 9.
struct Redaction: Sendable {
    /// The legal ground, a code such as `gdpr-17`.
    let reason: String
    /// Who asked.
    let account: String
    /// The index of the event in which they did.
    let asked: UInt64
    /// Whether the erasure was agreed to and is on record.
    var isPerformed = false
    /// Whether the key's end is on record, too.
    var isDestroyed = false

    /// What the site must keep of an entry's record to stand without it, without a name or a secret in it.
    ///
    /// - Throws: `redaction.refused` for an entry on which more rests.
    static func remainder(of record: SiteRecord) throws(GloveboxError) -> JSONValue {
        switch record.kind {
        case .userCreated:
            guard var account = record.json.object else { break }
            account["name"] = "erased"
            account["token"] = nil
            return .object(account)
        case .sitePaused, .siteResumed: return .null
        default:
            if record.job == nil, !SiteState.standsOn(record.kind) { return .null }
        }
        throw GloveboxError(
            "redaction.refused",
            "the site's state and evidence rest on entry \(record.index), \(record.kind.rawValue)",
            hint: "Accounts, and entries that only carry words, can be redacted."
        )
    }

    /// The entry that an event about a redaction is about.
    static func entry(of record: SiteRecord) throws(GloveboxError) -> UInt64 {
        guard let entry = record.json["entry"]?.string.flatMap({ UInt64($0) }) else {
            throw GloveboxError("log.journal-corrupt", "entry \(record.index) names no entry to redact")
        }
        return entry
    }
}

/// What the site kept of entries that were erased.
struct Erasures: Sendable {
    private var kept: [UInt64: JSONValue] = [:]
    /// Erased entries of which it is not known what was kept.
    private var lost: Set<UInt64> = []

    /// Takes note of an event that says what was kept.
    mutating func note(_ record: SiteRecord) throws(GloveboxError) {
        guard record.kind == .redactionPerformed else { return }
        if record.isRecovered {
            lost.insert(try Redaction.entry(of: record))
            return
        }
        kept[try Redaction.entry(of: record)] = record.json["remainder"] ?? .null
    }

    /// Puts what was kept in the place of what was erased.
    ///
    /// - Throws: `audit.body-missing` when a body is gone and no redaction says so.
    func substitute(_ record: SiteRecord) throws(GloveboxError) -> SiteRecord {
        if record.isRecovered { return record }
        if lost.contains(record.index) {
            return SiteRecord(
                kind: record.kind,
                index: record.index,
                time: record.time,
                job: record.job,
                json: .null,
                isErased: true,
                isRecovered: true
            )
        }
        guard record.isErased || kept[record.index] != nil else { return record }
        guard let remainder = kept[record.index] else {
            throw GloveboxError(
                "audit.body-missing",
                "the private body of entry \(record.index) is gone, and no redaction says why",
                hint: "keys/node/bodies.key was replaced or damaged: restore it"
            )
        }
        var record = record
        record.json = remainder
        record.isErased = true
        return record
    }
}

extension SiteState {
    /// Applies an event about a redaction.
    mutating func addRedaction(_ record: SiteRecord) throws(GloveboxError) {
        // Other keys are destroyed, too.
        guard record.json["entry"] != nil else { return }
        let entry = try Redaction.entry(of: record)
        switch record.kind {
        case .approvalGiven:
            var fields = try JSONFields(record.json, at: "redaction")
            redactions[entry] = Redaction(
                reason: try fields.string("reason"),
                account: try fields.string("account"),
                asked: record.index
            )
        case .redactionPerformed:
            redactions[entry]?.isPerformed = true
            if let account = record.json["remainder"]?["account"]?.string, let known = accounts[account] {
                var erased = Account(id: account, name: "erased", roles: known.roles)
                erased.keys = known.keys
                accounts[account] = erased
                tokens.remove(account: account)
            }
        default: redactions[entry]?.isDestroyed = true
        }
    }
}
