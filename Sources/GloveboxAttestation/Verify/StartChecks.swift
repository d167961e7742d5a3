internal import GloveboxCore
internal import GloveboxTransparency

/// The statement signed before the data key was asked for, and the log's event that released the key.
///
/// Source: attestation specification, sections 1, 4.2 and 11.
struct StartChecks {
    let report: Report
    let envelope: Envelope
    let leaf: ParsedCertificate
    /// What the start statement says, in the form of a report.
    let start: Report
    /// What it asked the broker for; nil when it asked for nothing.
    let request: Report.KeyRequest?

    /// Reads the files.
    ///
    /// - Throws: `start.missing`; codes of ``Envelope``, ``Statement``, ``Report`` and ``ParsedCertificate``.
    init(_ report: Report, _ input: VerifyInput) throws(GloveboxError) {
        self.report = report
        envelope = try Envelope(parsing: Self.file(EvidenceFiles.start, input))
        leaf = try ParsedCertificate(pem: Self.file(EvidenceFiles.startLeaf, input))
        let statement = try Statement(parsing: envelope.payload, expecting: .start)
        guard statement.subjects.count == 1, statement.subjects[0].name.isSame(as: "manifest.json"),
            statement.subjects[0].digest == report.manifestDigest
        else { throw GloveboxError("start.plan", "the start statement is about another plan") }
        (start, request) = try Report.reading(start: statement.predicate, of: report)
    }

    /// Whether a run came so far that its report goes with a start statement.
    static func isDue(_ report: Report) -> Bool {
        report.startStatement != nil || report.keyRelease != nil || report.outcome == .released
    }

    /// Reads the statement, once for all that is held against it; nil where there is none or it cannot be read.
    static func read(_ input: VerifyInput, _ parts: VerifiedParts, _ checks: inout CheckList) -> StartChecks? {
        guard let report = parts.report else { return nil }
        guard isDue(report) || input.evidence[EvidenceFiles.start] != nil else {
            checks.leaveOut(.broker, "start.statement", "the run did not come so far")
            return nil
        }
        return checks.run(.broker, "start.statement") { () throws(GloveboxError) in try StartChecks(report, input) }
    }

    private static func file(_ name: String, _ input: VerifyInput) throws(GloveboxError) -> [UInt8] {
        guard let bytes = input.evidence[name] else {
            throw GloveboxError("start.missing", "\(name) is missing, and the report names a start statement")
        }
        return bytes
    }

    /// Tells of a file that is no start statement at all, and so not the one that the report names.
    ///
    /// - Throws: `report.conflict`, codes of ``Envelope``.
    static func requireNamed(_ report: Report, _ input: VerifyInput) throws(GloveboxError) {
        guard let digest = report.startStatement, let file = input.evidence[EvidenceFiles.start] else { return }
        guard try Envelope(parsing: file).payloadDigest == digest else { throw conflict }
    }

    private static let conflict = GloveboxError(
        "report.conflict",
        "\(EvidenceFiles.start) is not the one that the report names"
    )

    /// The TPM's clock when the run began; nil for a statement without a quote.
    ///
    /// - Throws: `report.conflict` for another statement than the report names, codes of ``QuoteMessage``.
    func clock() throws(GloveboxError) -> TPMClock? {
        guard report.startStatement == envelope.payloadDigest else { throw Self.conflict }
        guard let quote = start.quote else { return nil }
        return try QuoteMessage(parsing: quote.message).clock
    }

    /// The report names this statement, and its leaf signed it.
    ///
    /// - Throws: `start.digest`, `start.signature`.
    func signature() throws(GloveboxError) {
        guard report.startStatement == envelope.payloadDigest else {
            throw GloveboxError("start.digest", "the report names another start statement")
        }
        do throws(GloveboxError) { try leaf.publicKey.check(envelope.signature, over: envelope.pae) } catch {
            throw GloveboxError("start.signature", "the start statement is not signed by the key of start.pem")
        }
        guard envelope.keyID == leaf.publicKey.keyID else {
            throw GloveboxError("start.signature", "the start statement names another key than that of start.pem")
        }
    }

    /// The leaf is one of the same attester, made for this statement: codes of ``CertificateChecks``.
    func certificate(_ parts: VerifiedParts) -> [GloveboxError] {
        guard let platform = parts.platform, let root = parts.root, let trust = parts.trust else {
            return [GloveboxError("cert.chain", "the certificates above start.pem cannot be read")]
        }
        let chain = CertificateChecks(leaf: leaf, platform: platform, root: root, trust: trust)
        // A CA may be younger than the first second of its leaf, when the first run follows the founding.
        let made = leaf.notBefore.adding(seconds: CertificateAuthority.leafBackdating)
        var causes: [GloveboxError] = []
        func attempt(_ check: () throws(GloveboxError) -> Void) {
            do throws(GloveboxError) { try check() } catch { causes.append(error) }
        }
        attempt(chain.chain)
        attempt(chain.extensions)
        attempt(chain.authority)
        attempt(chain.usage)
        attempt { () throws(GloveboxError) in try chain.identity(start) }
        attempt { () throws(GloveboxError) in try chain.time(made) }
        attempt { () throws(GloveboxError) in try stamped(platform, trust) }
        attempt { () throws(GloveboxError) in try used(parts.leaf, trust) }
        return causes
    }

    private func stamped(_ platform: ParsedCertificate, _ trust: TrustStore) throws(GloveboxError) {
        guard let key = trust.timestamps else { return }
        _ = try CertificateTimestamp.check(leaf, issuer: platform.publicKey, key: key)
    }

    private func used(_ reportLeaf: ParsedCertificate?, _ trust: TrustStore) throws(GloveboxError) {
        guard leaf.notBefore <= report.time.end, report.time.start <= leaf.notAfter else {
            throw GloveboxError("cert.time", "the leaf of the start statement was not alive during the run")
        }
        if let from = trust.revocation(of: leaf.publicKey.digest), from <= report.time.start {
            throw GloveboxError("key.revoked", "the key of the start statement was revoked")
        }
        guard leaf.publicKey != reportLeaf?.publicKey else {
            throw GloveboxError("key.wrong-role", "one key signed the start statement and the report")
        }
    }

    /// Everything in which statement and report differ and must not: `start.nonce`, `start.plan`, `start.job`,
    /// `boot.mismatch`, `start.mismatch`.
    ///
    /// Salt, time, place in the log and what only a run can show may differ.
    var claims: [GloveboxError] {
        var causes: [GloveboxError] = []
        func same(_ isSame: Bool, _ code: String, _ what: String) {
            if !isSame { causes.append(GloveboxError(code, "the start statement \(what) than the report")) }
        }
        same(start.nonce == report.nonce, "start.nonce", "answers another nonce")
        same(
            start.manifestDigest == report.manifestDigest && start.coreDigest == report.coreDigest,
            "start.plan",
            "is about another plan"
        )
        same(start.jobID.isSame(as: report.jobID) && start.run == report.run, "start.job", "is about another run")
        same(
            start.attester.kernel.bootID.isSame(as: report.attester.kernel.bootID),
            "boot.mismatch",
            "is from another run of the machine"
        )
        for (name, found, expected) in [
            ("attester", Self.sober(start.attester), Self.sober(report.attester)),
            ("node", Self.node(start), Self.node(report)),
            ("image", Self.image(start), Self.image(report)), ("code", start.code.json, report.code.json),
            ("data", Self.data(start), Self.data(report)),
            ("jail profile", start.jail.policy.json, report.jail.policy.json),
            ("seccomp filter", Self.filter(start), Self.filter(report)),
            ("command", Self.command(start), Self.command(report)),
            ("policies", Self.policies(start), Self.policies(report)),
            ("root of trust", Self.root(start), Self.root(report)),
        ] as [(String, JSONValue, JSONValue)] where found != expected {
            same(false, "start.mismatch", "names other \(name)")
        }
        let counted = Set(report.approvals.map(\.digest))
        same(start.approvals.allSatisfy { counted.contains($0.digest) }, "start.mismatch", "names other approvals")
        return causes
    }

    // Without the run of the machine, which has its own code.
    private static func sober(_ attester: Report.Attester) -> JSONValue {
        var attester = attester
        attester.kernel.bootID = ""
        return attester.json
    }

    private static func node(_ report: Report) -> JSONValue { report.node.map { .string($0) } ?? .null }

    private static func root(_ report: Report) -> JSONValue { .string(report.assurance.rootOfTrust.rawValue) }

    private static func filter(_ report: Report) -> JSONValue { report.jail.json["seccompBpf"] ?? .null }

    // Which program an image's path leads to is read back from the child, which is not there yet.
    private static func image(_ report: Report) -> JSONValue {
        var image = report.rootfs
        image.interpreter = nil
        return image.json
    }

    // A view is made of rows, and so after the key.
    private static func data(_ report: Report) -> JSONValue {
        .list(
            report.inputs.map {
                var input = $0
                input.view = nil
                return input
            }
        )
    }

    // The umask is read back from the child, which is not there yet, and no command has been executed.
    private static func command(_ report: Report) -> JSONValue {
        var command = report.invocation
        command.umask = ""
        command.ran = nil
        return command.json
    }

    private static func policies(_ report: Report) -> JSONValue {
        var policies = report.policies
        policies.trustVersion = 0
        return policies.json
    }
}
