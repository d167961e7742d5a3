internal import GloveboxAPI
internal import GloveboxCore
internal import GloveboxJobs
internal import GloveboxTransparency

extension Site {
    /// Greatest number of tokens of one account that are still good.
    private static let mostTokens = 32

    /// Makes a further token for the caller's own account; no token makes one that may do more than itself.
    func createToken(_ caller: Caller, _ request: CreateTokenRequest) throws(GloveboxError) -> CreatedToken {
        guard request.scopes.isSubset(of: caller.scopes) else {
            let missing = request.scopes.subtracting(caller.scopes).names.joined(separator: ", ")
            throw GloveboxError("auth.forbidden", "this token is not good for \(missing) itself")
        }
        // What is stolen with a bound token is no use without the key; so is what it makes.
        guard request.certificate != nil || caller.boundTo == nil else {
            throw GloveboxError(
                "auth.forbidden",
                "a token that is bound to a certificate makes bound ones alone",
                hint: "Name one of the account's certificates: 'glovebox certificate list' shows them."
            )
        }
        if let certificate = request.certificate, !caller.certificates.contains(certificate) {
            throw GloveboxError("object.not-found", "the account has no such certificate")
        }
        try Self.checkNetworks(of: caller, request)
        let now = Machine.now()
        let have = read { state in
            state.tokens.entries.values.count { $0.account == caller.account && now < $0.expires }
        }
        guard request.replaces || have < Self.mostTokens else {
            throw GloveboxError(
                "quota.exceeded",
                "the account has \(have) tokens",
                hint: "End some with 'glovebox token revoke'."
            )
        }
        let (entry, token) = try TokenTable.issue(
            account: caller.account,
            at: now,
            days: Int64(request.days),
            scopes: request.scopes,
            certificate: request.certificate,
            networks: request.networks,
            random: Machine.random(40)
        )
        try record(
            Event(kind: .sessionStart, actor: caller.account, user: caller.account),
            ["account": .string(caller.account), "token": entry.json]
        )
        if request.replaces { _ = try revokeToken(caller, id: caller.token) }
        return CreatedToken(token: token, info: Self.info(entry))
    }

    /// A token that is good from some addresses makes none that is good from others.
    private static func checkNetworks(of caller: Caller, _ request: CreateTokenRequest) throws(GloveboxError) {
        guard !caller.networks.isEmpty else { return }
        var own: [NetworkBlock] = []
        for network in caller.networks { own.append(try NetworkBlock(network)) }
        var isWithin = !request.networks.isEmpty
        for network in request.networks {
            let block = try NetworkBlock(network)
            isWithin = isWithin && own.contains { $0.contains(block) }
        }
        guard isWithin else {
            throw GloveboxError(
                "auth.forbidden",
                "this token is good from \(caller.networks.joined(separator: ", ")) alone, and makes none for elsewhere"
            )
        }
    }

    /// The tokens a caller may know of that are still good, oldest first.
    func tokens(for caller: Caller) -> [TokenInfo] {
        let now = Machine.now()
        let entries = read { state in state.tokens.entries.values.map { $0 } }
        return entries.filter { now < $0.expires && ($0.account == caller.account || caller.roles.contains(.operator)) }
            .sorted { ($0.created, $0.id) < ($1.created, $1.id) }.map(Self.info)
    }

    /// Ends a token at once.
    func revokeToken(_ caller: Caller, id: String) throws(GloveboxError) -> TokenInfo {
        guard let entry = read({ state in state.tokens.entries[id] }),
            entry.account == caller.account || caller.roles.contains(.operator)
        else { throw GloveboxError("object.not-found", "there is no token \(Display.escape(id))") }
        try record(
            Event(kind: .sessionEnd, actor: caller.account, user: entry.account),
            ["account": .string(entry.account), "revoked": .string(id)]
        )
        return Self.info(entry)
    }

    private static func info(_ entry: TokenTable.Entry) -> TokenInfo {
        TokenInfo(
            id: entry.id,
            account: entry.account,
            scopes: entry.scopes,
            created: entry.created,
            expires: entry.expires,
            certificate: entry.certificate,
            networks: entry.networks
        )
    }
}

extension TokenTable.Entry {
    /// What is kept of a token, in the private body of its event.
    var json: JSONValue {
        var members: [(String, JSONValue)] = [
            ("id", .string(id)), ("secret", secret.json), ("created", .string(created.description)),
            ("expires", .string(expires.description)), ("scopes", scopes.json),
        ]
        if let certificate { members.append(("certificate", .string(certificate.named))) }
        if !networks.isEmpty { members.append(("cidr", .array(networks.map(JSONValue.string)))) }
        return .object(JSONObject(members))
    }

    /// Reads what ``json`` writes; a token of earlier versions has all scopes.
    init(_ fields: inout JSONFields, account: String) throws(GloveboxError) {
        guard let created = Instant(try fields.string("created")), let expires = Instant(try fields.string("expires"))
        else { throw GloveboxError("log.journal-corrupt", "a token has no valid times") }
        var scopes = Set<Scope>.all
        if let names = fields.optional("scopes")?.array {
            scopes = []
            for name in names { scopes.insert(try Scope(reading: name.string ?? "")) }
        }
        self.init(
            id: try fields.string("id"),
            secret: try fields.digest("secret"),
            account: account,
            created: created,
            expires: expires,
            scopes: scopes,
            certificate: try fields.optionalNamedDigest("certificate"),
            networks: fields.optional("cidr")?.array?.compactMap(\.string) ?? []
        )
    }
}

extension SiteState {
    /// A token that was made or ended after its account.
    mutating func addToken(_ record: SiteRecord) throws(GloveboxError) {
        if record.isErased { return }
        var fields = try JSONFields(record.json, at: "token")
        let account = try fields.string("account")
        if let id = fields.optional("revoked")?.string {
            _ = tokens.remove(id: id)
            return
        }
        var token = try fields.nested("token")
        tokens.insert(try TokenTable.Entry(&token, account: account))
    }
}
