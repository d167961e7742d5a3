package import GloveboxCore
internal import GloveboxJobs

/// `POST /nodes`: lets a node run jobs, or gives one that may another certificate.
package struct EnrollNodeRequest: APIValue {
    /// Days for which a certificate is good unless told otherwise.
    package static let days = 90
    private static let mostDays = 365

    /// The node's own request, PKCS #10 in PEM, which names it.
    package let request: String
    /// For how many days the certificate shall be good, 1 to 365.
    package let days: Int

    /// Asks for a certificate.
    package init(request: String, days: Int = EnrollNodeRequest.days) {
        self.request = request
        self.days = days
    }

    package init(json: JSONValue) throws(GloveboxError) {
        var fields = try JSONFields(json, at: "node")
        self.request = try fields.text("request", atMost: 8192)
        self.days = json["days"] == nil ? Self.days : try fields.count("days")
        try fields.finish()
        guard (1...Self.mostDays).contains(days) else {
            throw GloveboxError("request.invalid", "a node's certificate is good for 1 to \(Self.mostDays) days")
        }
    }

    package var json: JSONValue { ["request": .string(request), "days": .integer(Int64(days))] }
}

/// A machine that runs jails for a site, or did.
package struct NodeInfo: APIValue {
    /// Whether jobs may be given to it.
    package enum State: String, Sendable, Hashable, CaseIterable {
        /// It may take jobs.
        case enrolled
        /// It is given no more; what runs there may end.
        case draining
        /// Its certificate ended, and it was given no other.
        case expired
        /// It has nothing to do with the site any more.
        case removed
    }

    /// What it is called; of all that are not removed, no other is.
    package let name: String
    /// SHA-256 of its key (SPKI).
    package let key: Digest
    /// Whether jobs may be given to it.
    package let state: State
    /// The account that let it in.
    package let enrolledBy: String
    /// When.
    package let enrolled: Instant
    /// Until when its certificate is good.
    package let expires: Instant
    /// Why it is drained or was removed or resumed, in the operator's words; nil before any of these.
    package let reason: String?
    /// Since when it is connected; nil when it is not.
    package let connectedSince: Instant?
    /// Ids of the jobs that run there, sorted.
    package let jobs: [String]
    /// What the machine lacks of full isolation, by its own word when it came last; nil for one that has not come since the
    /// site's start.
    package let lacks: [String]?

    /// Describes a node.
    package init(
        name: String,
        key: Digest,
        state: State,
        enrolledBy: String,
        enrolled: Instant,
        expires: Instant,
        reason: String? = nil,
        connectedSince: Instant? = nil,
        jobs: [String] = [],
        lacks: [String]? = nil
    ) {
        self.lacks = lacks
        self.name = name
        self.key = key
        self.state = state
        self.enrolledBy = enrolledBy
        self.enrolled = enrolled
        self.expires = expires
        self.reason = reason
        self.connectedSince = connectedSince
        self.jobs = jobs
    }

    /// Seconds before the end of a node's certificate from which people are told.
    private static let noticeSeconds: Int64 = 14 * 86400

    /// What an operator is told of the end of its certificate; nil while there is time, and for a removed node.
    package func notice(at now: Instant) -> String? {
        let left = (expires.milliseconds - now.milliseconds) / 1000
        guard state != .removed, left < Self.noticeSeconds else { return nil }
        let end = left > 0 ? "ends in \(Waiting.words(seconds: left))" : "has ended"
        return "the certificate of \(name) \(end)"
    }

    package init(json: JSONValue) throws(GloveboxError) {
        var fields = try JSONFields(json, at: "node")
        self.name = try fields.string("name")
        self.key = try fields.namedDigest("key")
        guard let state = State(rawValue: try fields.string("state")) else {
            throw GloveboxError("schema.type", "node.state is enrolled, draining, expired or removed")
        }
        self.state = state
        self.enrolledBy = try fields.string("enrolled_by")
        self.enrolled = try fields.instant("enrolled")
        self.expires = try fields.instant("expires")
        self.reason = try fields.optionalString("reason")
        self.connectedSince = json["connected_since"] == nil ? nil : try fields.instant("connected_since")
        self.jobs = try fields.strings("jobs")
        self.lacks = json["lacks"] == nil ? nil : try fields.strings("lacks")
        try fields.finish()
    }

    package var json: JSONValue {
        var members: [(String, JSONValue)] = [
            ("name", .string(name)), ("key", .string(key.named)), ("state", .string(state.rawValue)),
            ("enrolled_by", .string(enrolledBy)), ("enrolled", .string(enrolled.description)),
            ("expires", .string(expires.description)), ("jobs", .array(jobs.map { .string($0) })),
        ]
        if let reason { members.append(("reason", .string(reason))) }
        if let connectedSince { members.append(("connected_since", .string(connectedSince.description))) }
        if let lacks { members.append(("lacks", .array(lacks.map { .string($0) }))) }
        return .object(JSONObject(members))
    }
}

/// Answer to `POST /nodes`.
package struct EnrolledNode: APIValue {
    /// The node's certificate and that of the CA that issued it, PEM, in this order.
    package let chain: String
    /// The certificate of the site's root, PEM, for the node's `root.pem`.
    package let root: String
    /// The authority above the certificate that nodes are shown, PEM, for the node's `site.pem`; nil where the site's own file
    /// does not end with one.
    package let authority: String?
    /// What is known of the node from now on.
    package let info: NodeInfo

    /// Hands out a certificate.
    package init(chain: String, root: String, authority: String? = nil, info: NodeInfo) {
        self.chain = chain
        self.root = root
        self.authority = authority
        self.info = info
    }

    package init(json: JSONValue) throws(GloveboxError) {
        var fields = try JSONFields(json, at: "node")
        self.chain = try fields.string("chain")
        self.root = try fields.string("root")
        self.authority = try fields.optionalString("authority")
        self.info = try NodeInfo(json: try fields.required("info"))
        try fields.finish()
    }

    package var json: JSONValue {
        var object = JSONObject([("chain", .string(chain)), ("root", .string(root)), ("info", info.json)])
        object["authority"] = authority.map { .string($0) }
        return .object(object)
    }
}
