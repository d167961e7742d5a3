internal import GloveboxAPI
internal import GloveboxCore
internal import GloveboxTransparency

/// A machine that an operator let run jails for the site.
struct RegisteredNode: Sendable, Equatable {
    /// What was said of it last.
    enum Standing: Sendable, Equatable {
        case enrolled
        /// It is given no more jobs.
        case draining
        /// Its key never counts again.
        case removed
    }

    /// `[a-z0-9-]`, of all that are not removed, its own.
    let name: String
    /// SHA-256 of its key (SPKI).
    let key: Digest
    /// The account that let it in.
    let enrolledBy: String
    let enrolled: Instant
    /// End of its newest certificate, exclusive.
    var expires: Instant
    var standing = Standing.enrolled
    /// Why its standing changed last.
    var reason: String?

    /// Whether jobs may be given to it.
    func state(at now: Instant) -> NodeInfo.State {
        switch standing {
        case .removed: .removed
        case _ where expires <= now: .expired
        case .draining: .draining
        case .enrolled: .enrolled
        }
    }
}

extension SiteState {
    /// A node that came, was given another certificate, is drained, resumed, or went.
    mutating func addNode(_ record: SiteRecord) throws(GloveboxError) {
        var fields = try JSONFields(record.json, at: "node")
        let key = try fields.digest("node")
        switch record.kind {
        case .nodeEnrolled:
            guard let expires = Instant(try fields.string("expires")) else {
                throw GloveboxError("log.journal-corrupt", "a node's certificate has no end")
            }
            let new = RegisteredNode(
                name: try fields.string("name"),
                key: key,
                enrolledBy: try fields.string("account"),
                enrolled: record.time,
                expires: expires
            )
            nodes[key, default: new].expires = expires
        case .nodeDrained: nodes[key]?.standing = .draining
        case .nodeResumed: nodes[key]?.standing = .enrolled
        default: nodes[key]?.standing = .removed
        }
        if let reason = fields.optional("reason")?.string { nodes[key]?.reason = reason }
    }
}
