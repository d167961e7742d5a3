package import GloveboxCore

/// What the reader of a report asks for and accepts.
package struct VerifyOptions: Sendable {
    /// Whether a report that rests on software keys alone is accepted.
    ///
    /// It stays visible in the verdict.
    package var acceptEmulated = false
    /// Weaknesses accepted by name: entries of `insecure`, or `debug`.
    package var accept: [String] = []
    /// The 32 bytes that the reader chose for this report; nil accepts only SHA-256 of the manifest.
    package var nonce: [UInt8]?
    /// The code that the reader expects.
    package var expectedCode: ExpectedCode?
    /// The present, to refuse reports from the future; nil leaves that out.
    package var now: Instant?
    /// Highest version of the trust policy seen so far.
    package var seenTrustVersion: UInt64 = 0
    /// What the reader remembers of earlier reports; nil when nothing is to be compared.
    package var memory: VerifierMemory?
    /// Whether every released file must be among the files given.
    package var allOutputs = false

    /// The strictest options.
    package init() {}
}

/// The code that a reader expects.
package enum ExpectedCode: Sendable {
    /// All digests of a tree measured by the reader.
    case measured(CodeDigests)
    /// The NAR digest alone.
    case nar(Digest)
}

/// A result file that the reader holds.
package struct ResultFile: Sendable {
    /// Name as in the report: `outputs/<relative path>`.
    package let name: String
    /// SHA-256 of its bytes.
    package let digest: Digest

    /// Names a file; a name without `outputs/` gets it.
    package init(name: String, digest: Digest) {
        self.name = name.utf8.starts(with: "outputs/".utf8) ? name : "outputs/" + name
        self.digest = digest
    }

    /// Names a file by its bytes.
    package init(name: String, bytes: [UInt8]) { self.init(name: name, digest: Hashing.sha256(bytes)) }
}

/// All files of a verification, in memory.
struct VerifyInput {
    /// Greatest size of one file in bytes.
    static let limit = 10_000_000
    /// Files that every evidence directory has.
    static let required = [
        EvidenceFiles.report, EvidenceFiles.publicKey, EvidenceFiles.leaf, EvidenceFiles.platform, EvidenceFiles.root,
        EvidenceFiles.codeDigests, EvidenceFiles.manifest, EvidenceFiles.manifestEnvelope, EvidenceFiles.entry,
        EvidenceFiles.proof, EvidenceFiles.issuedEntry, EvidenceFiles.issuedProof,
    ]

    let evidence: [String: [UInt8]]
    let trust: [String: [UInt8]]
    /// What `in-toto-verify` inspects: released files, which may be large, by name.
    let inspected: [String: Digest]
    let results: [ResultFile]
    let options: VerifyOptions

    init(
        _ evidence: [String: [UInt8]],
        inspected: [String: Digest],
        trust: [String: [UInt8]],
        results: [ResultFile],
        options: VerifyOptions
    ) {
        let isInspected = { (name: String) in name.utf8.starts(with: EvidenceFiles.inspected.utf8) }
        self.evidence = evidence.filter { !isInspected($0.key) }
        self.inspected = evidence.filter { isInspected($0.key) }.mapValues(Hashing.sha256)
            .merging(inspected) { first, _ in first }
        self.trust = trust
        self.results = results
        self.options = options
    }

    /// A file of the evidence.
    ///
    /// - Throws: `input.io`.
    func file(_ name: String) throws(GloveboxError) -> [UInt8] {
        guard let bytes = evidence[name] else {
            throw GloveboxError("input.io", "the evidence file \(Display.escape(name)) is missing")
        }
        return bytes
    }

    /// Checks that there is something to compare, that nothing is missing and that nothing is too large.
    ///
    /// - Throws: `input.nothing-to-compare`, `input.io`, `input.too-large`.
    func check() throws(GloveboxError) {
        guard evidence[EvidenceFiles.manifest] != nil || options.expectedCode != nil else {
            throw GloveboxError("input.nothing-to-compare", "there is neither a plan nor an expected code digest")
        }
        for name in Self.required { _ = try file(name) }
        for (name, bytes) in evidence.merging(trust, uniquingKeysWith: { left, _ in left })
        where bytes.count > Self.limit {
            throw GloveboxError("input.too-large", "\(Display.escape(name)) has more than \(Self.limit) bytes")
        }
    }

    /// Files of the workflow's evidence by name.
    var workflowFiles: [String: [UInt8]] {
        evidence.filter { $0.key.utf8.starts(with: EvidenceFiles.workflow.utf8) }
    }

    /// Files of what a node signed, by name.
    var nodeFiles: [String: [UInt8]] {
        evidence.filter { $0.key.utf8.starts(with: EvidenceFiles.nodes.utf8) }
    }

    /// Certificate of the authority that the evidence says stamped the report, DER; nil when it names none.
    var timeAuthority: [UInt8]? {
        guard let pem = evidence[EvidenceFiles.timeAuthority] else { return nil }
        do throws(GloveboxError) { return try PEM.decode(pem, label: "CERTIFICATE") } catch { return nil }
    }

    /// The approval files in the order of their names.
    var approvalFiles: [[UInt8]] {
        evidence.filter { $0.key.utf8.starts(with: EvidenceFiles.approvals.utf8) }
            .sorted { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }.map(\.value)
    }
}
