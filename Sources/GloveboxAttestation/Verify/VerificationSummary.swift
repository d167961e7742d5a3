package import GloveboxCore

/// A verifier's word that a report and its results passed, for those who trust the verifier and do not verify themselves.
///
/// Source: SLSA verification summary attestation, version 1.2; attestation specification, section 14.
package struct VerificationSummary: Sendable {
    /// What the verifier is, whoever's key signs.
    static let verifier = "https://glovebox.example/verifier/v1"
    /// What was established: custom levels may not begin with `SLSA_`.
    static let level = "GLOVEBOX_REPORT_VERIFIED"

    private let statement: Statement

    /// Sums up a verdict on the evidence: of a report file, judged by a trust policy, with results that were matched.
    ///
    /// Its subjects are the results, or the report itself where none was named.
    ///
    /// - Throws: `summary.refused` for a verdict that does not verify: only what passed is summed up.
    package init(
        _ verdict: Verdict,
        report: (name: String, bytes: [UInt8]),
        trustPolicy: [UInt8],
        results: [ResultFile],
        accepted: [String],
        at now: Instant
    ) throws(GloveboxError) {
        guard verdict.isVerified, let seen = verdict.seen else {
            throw GloveboxError("summary.refused", "the report is refused; there is nothing to vouch for")
        }
        let evidence = Hashing.sha256(report.bytes)
        let subjects = results.map { Subject(name: $0.name, digest: $0.digest) }
        statement = Statement(
            .verificationSummary,
            subjects: subjects.isEmpty ? [Subject(name: report.name, digest: evidence)] : subjects,
            predicate: [
                "verifier": ["id": .string(Self.verifier)],
                "timeVerified": .string(Instant(seconds: now.seconds).text),
                "resourceUri": .string("\(seen.attester)#\(seen.job)/\(seen.run)"),
                "policy": ["uri": .string(seen.attester), "digest": Hashing.sha256(trustPolicy).json],
                "inputAttestations": [["uri": .string(report.name), "digest": evidence.json]],
                "verificationResult": "PASSED",
                "verifiedLevels": [.string(Self.level)],
                "slsaVersion": "1.2",
                // What the verifier was told to overlook is said: it weakens what the level means.
                "glovebox_accepted": .array(accepted.sorted().map { .string($0) }),
            ]
        )
    }

    /// The envelope (DSSE) under a verifier's own key.
    ///
    /// - Throws: `key.signing`.
    package func signed(by key: PersonSigner) throws(GloveboxError) -> Envelope { try key.sign(statement.bytes) }
}
