internal import GloveboxAPI
internal import GloveboxAttestation
internal import GloveboxCore
internal import GloveboxJobs
internal import GloveboxTransparency

extension Site {
    /// Binds the key of a client's certificate to an account: the caller's own, or any at an operator's or owner's word.
    func enrollCertificate(
        _ caller: Caller,
        account: String,
        _ request: EnrollCertificateRequest
    ) throws(GloveboxError) -> CertificateInfo {
        try requireCertificates(of: account, for: caller)
        guard request.account.utf8.elementsEqual(account.utf8) else {
            throw GloveboxError("request.invalid", "the request is for another account than the path")
        }
        let key = try CertificateKey(spki: request.spki)
        let message = EnrollCertificateRequest.message(account: account, spki: request.spki)
        guard key.isSigner(of: message, signature: request.proof) else {
            throw GloveboxError("approval.signature", "the proof is not a signature by the certificate's key")
        }
        let known = read { state in
            state.accounts.values.lazy.flatMap(\.certificates).first { $0.spki == key.digest }
        }
        if let known {
            throw known.isRevoked
                ? GloveboxError("key.revoked", "this certificate's key was revoked", hint: "Make another key.")
                : GloveboxError("object.conflict", "this certificate's key is enrolled already")
        }
        guard read({ state in state.nodes[key.digest] == nil }) else {
            throw GloveboxError("key.wrong-role", "this key is or was that of a node")
        }
        try record(
            Event(
                kind: .keyEnrolled,
                actor: caller.account,
                user: account,
                fields: [("spki", .string(key.digest.named))]
            ),
            ["account": .string(account), "certificate": .string(Hex.encode(key.spki))]
        )
        return try certificate(key.digest, of: account)
    }

    /// The keys of certificates that are or were bound to an account, oldest first.
    func certificates(_ caller: Caller, account: String) throws(GloveboxError) -> [CertificateInfo] {
        try requireCertificates(of: account, for: caller)
        return read { state in state.accounts[account]?.certificates ?? [] }
    }

    /// Ends a key at once, and with it the tokens that are bound to it.
    func revokeCertificate(_ caller: Caller, account: String, spki: Digest) throws(GloveboxError) -> CertificateInfo {
        try requireCertificates(of: account, for: caller)
        guard try !certificate(spki, of: account).isRevoked else {
            throw GloveboxError("object.conflict", "this certificate's key is revoked already")
        }
        try record(
            Event(kind: .keyRevoked, actor: caller.account, user: account, fields: [("spki", .string(spki.named))]),
            ["account": .string(account), "certificate": spki.json]
        )
        return try certificate(spki, of: account)
    }

    private func certificate(_ spki: Digest, of account: String) throws(GloveboxError) -> CertificateInfo {
        let known = read { state in state.accounts[account]?.certificates.first { $0.spki == spki } }
        guard let known else { throw GloveboxError("object.not-found", "the account has no such certificate") }
        return known
    }

    /// Checks that there is the account and that the caller may have to do with its certificates.
    private func requireCertificates(of account: String, for caller: Caller) throws(GloveboxError) {
        let isOwn = caller.account.utf8.elementsEqual(account.utf8)
        guard isOwn || !caller.roles.isDisjoint(with: [.operator, .owner]),
            read({ state in state.accounts[account] != nil })
        else { throw GloveboxError("object.not-found", "there is no account \(Display.escape(account))") }
    }
}

extension SiteState {
    /// A certificate's key that was bound to an account.
    mutating func addCertificate(_ record: SiteRecord) throws(GloveboxError) {
        var fields = try JSONFields(record.json, at: "certificate")
        let key = try CertificateKey(spki: Hex.decode(try fields.string("certificate")) ?? [])
        accounts[try fields.string("account")]?.certificates.append(
            CertificateInfo(spki: key.digest, enrolled: record.time, isRevoked: false)
        )
    }

    /// A certificate's key that no longer counts.
    mutating func revokeCertificate(_ record: SiteRecord) throws(GloveboxError) {
        var fields = try JSONFields(record.json, at: "certificate")
        let (account, spki) = (try fields.string("account"), try fields.digest("certificate"))
        for (index, known) in (accounts[account]?.certificates ?? []).enumerated() where known.spki == spki {
            accounts[account]?.certificates[index] = CertificateInfo(
                spki: spki,
                enrolled: known.enrolled,
                isRevoked: true
            )
        }
    }
}
