internal import GloveboxAPI
internal import GloveboxAttestation
internal import GloveboxCore
internal import GloveboxJobs
internal import GloveboxTransparency

extension Site {
    /// Makes an account; its id and its first token, which is shown once.
    func createAccount(
        name: String,
        roles: Set<Role>,
        by caller: Caller?
    ) throws(GloveboxError) -> (account: String, token: String) {
        guard read({ state in !state.accounts.values.contains { $0.name == name } }) else {
            throw GloveboxError("object.conflict", "there is an account named \(name) already")
        }
        let id = Machine.identifier("acc")
        let (entry, token) = try TokenTable.issue(account: id, at: Machine.now(), random: Machine.random(40))
        try record(
            Event(kind: .userCreated, actor: caller?.account, user: id),
            [
                "account": .string(id), "name": .string(name), "roles": .array(roles.names.map { .string($0) }),
                "token": entry.json,
            ]
        )
        return (id, token)
    }

    /// Enrols a key whose owner proved to hold it, and publishes new trust files.
    func enrollKey(_ caller: Caller, account: String, _ request: EnrollKeyRequest) throws(GloveboxError) -> EnrolledKey
    {
        guard account == caller.account else {
            throw GloveboxError("auth.forbidden", "a key is enrolled by its own account")
        }
        let key = try PersonKey(bytes: request.publicKey)
        let message = EnrollKeyRequest.message(account: account, publicKey: request.publicKey)
        guard key.isSigner(of: message, signature: request.proof) else {
            throw GloveboxError("approval.signature", "the proof is not a signature by the key to be enrolled")
        }
        guard read({ state in !state.accounts.values.contains { $0.knows(key.keyID) } }) else {
            throw GloveboxError("object.conflict", "this key is enrolled already")
        }
        try record(
            Event(kind: .keyEnrolled, actor: account, user: account, fields: [("keyid", .string(key.keyID))]),
            ["account": .string(account), "public": .string(key.hex)]
        )
        try writeTrustFiles()
        return EnrolledKey(keyid: key.keyID)
    }

    /// Who an account is, for its own eyes.
    func whoami(_ caller: Caller) -> WhoAmI {
        let (keys, parts, token) = read { state in
            (
                state.accounts[caller.account]?.usable.map(\.keyID) ?? [],
                state.projects.compactMapValues { $0.project.members[caller.account] },
                state.tokens.entries[caller.token]
            )
        }
        return WhoAmI(
            account: caller.account,
            name: caller.name,
            roles: caller.roles,
            keys: keys,
            site: configuration.name,
            projects: parts.sorted { $0.key < $1.key }.map { WhoAmI.Membership(project: $0.key, roles: $0.value) },
            scopes: caller.scopes,
            tokenExpires: token?.expires
        )
    }

    /// Who a token logs in.
    func authenticate(token: String) throws(GloveboxError) -> Caller {
        let (tokens, accounts, refusal) = read { state in (state.tokens, state.accounts, state.lost.loginRefusal) }
        if let refusal { throw refusal }
        let entry = try tokens.entry(for: token, at: Machine.now())
        guard let account = accounts[entry.account] else {
            throw GloveboxError("auth.missing", "the token is not valid")
        }
        return Caller(
            account: account.id,
            name: account.name,
            roles: account.roles,
            scopes: entry.scopes,
            token: entry.id,
            certificates: Set(account.certificates.filter { !$0.isRevoked }.map(\.spki)),
            boundTo: entry.certificate,
            networks: entry.networks
        )
    }
}
