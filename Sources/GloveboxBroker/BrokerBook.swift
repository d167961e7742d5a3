internal import GloveboxCore
internal import GloveboxPrivacy
internal import GloveboxTransparency

/// What a broker's ledger adds up to.
struct BrokerBook: Sendable {
    /// Wrapped keys by the name of the encrypted file.
    private(set) var keys: [String: EnrolledKey] = [:]
    /// Grants by request.
    private(set) var grants: [Digest: KeyGrant] = [:]
    /// Grants in order, with the number of entries the ledger had after each.
    private(set) var order: [(count: UInt64, request: Digest)] = []
    /// Requests whose key the log has.
    private(set) var released: Set<Digest> = []
    /// Noise that was paid for.
    private(set) var noise = PrivacyLedger()
    /// Charges that were made, by job and answer.
    private(set) var charges: Set<Digest> = []
    /// Highest version of the trust policy seen.
    private(set) var trustVersion: UInt64 = 0
    /// Greatest size of the log seen.
    private(set) var logSize: UInt64 = 0
    /// The root and the log that are believed, once they are others than those the broker was given.
    private(set) var followed: (root: [UInt8], log: NoteKey)?
    /// The supervisor's key, wrapped, once it is no longer derived from the key-encryption key.
    private(set) var history: [UInt8]?
    private var count: UInt64 = 0

    mutating func apply(_ entry: LedgerEntry) throws(GloveboxError) {
        count += 1
        switch entry {
        case .enrolled(let key): keys[key.file] = key
        case .granted(let grant):
            grants[grant.request] = grant
            order.append((count, grant.request))
            trustVersion = max(trustVersion, grant.trustVersion)
        case .released(let request, _, let size):
            released.insert(request)
            logSize = max(logSize, size)
        case .followed(let root, let log): followed = (root, log)
        case .rotated(let keys, let history):
            for key in keys { self.keys[key.file] = key }
            self.history = history
        case .charged(let charge, let request):
            try noise.apply(charge)
            charges.insert(request)
        case .split(let lineage, let new): try noise.split(lineage, into: new)
        }
    }

    /// Runs that a project paid for under what tightens a site's policy, since a moment.
    func runs(of project: String, policy: Digest, since: Instant) -> Int64 {
        Int64(grants.values.count { $0.project == project && $0.basePolicy == policy && $0.time > since })
    }
}
