package import GloveboxCore
package import GloveboxJobs

/// `POST /tokens`: a further token for the caller's own account.
package struct CreateTokenRequest: APIValue {
    /// What it may be used for; at least one.
    package let scopes: Set<Scope>
    /// Days for which it is good, 1 to 365.
    package let days: Int
    /// Whether the token of the request itself ends with the answer.
    package let replaces: Bool
    /// The key of the caller's client certificate that it shall be good with alone; nil for any connection.
    package let certificate: Digest?
    /// Ranges of addresses that it shall be good from alone, in CIDR notation; empty for any.
    package let networks: [String]

    /// Asks for a token.
    package init(
        scopes: Set<Scope>,
        days: Int = 90,
        replaces: Bool = false,
        certificate: Digest? = nil,
        networks: [String] = []
    ) {
        self.networks = networks
        self.scopes = scopes
        self.days = days
        self.replaces = replaces
        self.certificate = certificate
    }

    package init(json: JSONValue) throws(GloveboxError) {
        var fields = try JSONFields(json, at: "token")
        self.scopes = try fields.scopes("scopes")
        self.days = try fields.count("days")
        self.replaces = try fields.bool("replaces")
        self.certificate = try fields.optionalNamedDigest("certificate")
        self.networks = json["cidr"] == nil ? [] : try fields.strings("cidr")
        try fields.finish()
        guard networks.count <= 32 else { throw GloveboxError("limit.exceeded", "cidr has more than 32 ranges") }
        for network in networks { _ = try NetworkBlock(network) }
        guard !scopes.isEmpty, (1...365).contains(days) else {
            throw GloveboxError("request.invalid", "a token has at least one scope and is good for 1 to 365 days")
        }
    }

    package var json: JSONValue {
        var members: [(String, JSONValue)] = [
            ("scopes", scopes.json), ("days", .integer(Int64(days))), ("replaces", .bool(replaces)),
        ]
        if let certificate { members.append(("certificate", .string(certificate.named))) }
        if !networks.isEmpty { members.append(("cidr", .array(networks.map(JSONValue.string)))) }
        return .object(JSONObject(members))
    }
}

/// What may be known of a token: never its secret.
package struct TokenInfo: APIValue {
    /// The public half.
    package let id: String
    /// Whom it logs in.
    package let account: String
    /// What it may be used for.
    package let scopes: Set<Scope>
    /// When it was made.
    package let created: Instant
    /// From when it is refused.
    package let expires: Instant
    /// The key of the client certificate that it is good with; nil when it is not bound to one.
    package let certificate: Digest?
    /// Ranges of addresses that it is good from alone; empty for any.
    package let networks: [String]

    /// Describes a token.
    package init(
        id: String,
        account: String,
        scopes: Set<Scope>,
        created: Instant,
        expires: Instant,
        certificate: Digest? = nil,
        networks: [String] = []
    ) {
        self.networks = networks
        self.id = id
        self.account = account
        self.scopes = scopes
        self.created = created
        self.expires = expires
        self.certificate = certificate
    }

    package init(json: JSONValue) throws(GloveboxError) {
        var fields = try JSONFields(json, at: "token")
        self.id = try fields.string("id")
        self.account = try fields.string("account")
        self.scopes = try fields.scopes("scopes")
        self.created = try fields.instant("created")
        self.expires = try fields.instant("expires")
        self.certificate = try fields.optionalNamedDigest("certificate")
        self.networks = json["cidr"] == nil ? [] : try fields.strings("cidr")
        try fields.finish()
    }

    package var json: JSONValue {
        var members: [(String, JSONValue)] = [
            ("id", .string(id)), ("account", .string(account)), ("scopes", scopes.json),
            ("created", .string(created.description)), ("expires", .string(expires.description)),
        ]
        if let certificate { members.append(("certificate", .string(certificate.named))) }
        if !networks.isEmpty { members.append(("cidr", .array(networks.map(JSONValue.string)))) }
        return .object(JSONObject(members))
    }
}

/// Answer to `POST /tokens`: the only time the token is shown.
package struct CreatedToken: APIValue {
    /// The bearer token.
    package let token: String
    /// What is known of it from now on.
    package let info: TokenInfo

    /// Hands out a token.
    package init(token: String, info: TokenInfo) {
        self.token = token
        self.info = info
    }

    package init(json: JSONValue) throws(GloveboxError) {
        var fields = try JSONFields(json, at: "token")
        self.token = try fields.string("token")
        self.info = try TokenInfo(json: try fields.required("info"))
        try fields.finish()
    }

    package var json: JSONValue { ["token": .string(token), "info": info.json] }
}

extension JSONFields {
    /// Takes an array of scope names.
    ///
    /// - Throws: `schema.missing-field`, `schema.type`.
    package mutating func scopes(_ name: String) throws(GloveboxError) -> Set<Scope> {
        var out: Set<Scope> = []
        for text in try strings(name) { out.insert(try Scope(reading: text)) }
        return out
    }
}

extension Set<Scope> {
    /// The sorted names as a JSON array.
    package var json: JSONValue { .array(names.map { .string($0) }) }
}
