import GloveboxAPI
import GloveboxAttestation
import GloveboxCore
import GloveboxLinux
import GloveboxStore
import GloveboxTimestamp
import GloveboxTransparency
import Testing

@testable import GloveboxSupervisor

/// Keys of a site as a thief would keep them: copies made before they were changed.
struct OldKeys {
    var platform: CertificateAuthority
    var root: [UInt8]
    var timestamps: SigningKey
    var timeChain: TimestampChain
    var timeAuthority: TimestampAuthority
    var log: NoteSigner

    init(_ keys: SiteKeyring, _ layout: SiteLayout) throws {
        func secret(_ use: KeyUse) throws -> [UInt8] {
            try StateFile.read(#require(layout.secret(keys.record.current(use))))
        }
        log = try NoteSigner(parsing: String(decoding: secret(.log), as: UTF8.self))
        platform = try CertificateAuthority(
            certificatePEM: PEM.encode(keys.platform, label: "CERTIFICATE"),
            keyPEM: secret(.platform)
        )
        root = keys.rootCertificate
        timestamps = try SigningKey(pem: secret(.sct))
        timeChain = keys.timeChain
        timeAuthority = try TimestampAuthority(
            certificate: keys.timeChain.signer,
            key: PEM.decode(secret(.tsa), label: "PRIVATE KEY")
        )
    }

    /// The report of a job signed once more under these keys and put into the log, as evidence.
    func report(_ files: [String: [UInt8]], of job: String, at site: Site) throws -> [String: [UInt8]] {
        let payload = try Envelope(parsing: #require(files[EvidenceFiles.report])).payload
        let predicate = try #require(JSONReader.read(payload)["predicate"])
        let report = try Report(predicate: predicate)
        let key = JobLeaf()
        let leaf = try platform.issueLeaf(
            for: key.publicKey,
            attester: site.configuration.attester,
            issuer: site.configuration.issuer,
            now: Machine.now(),
            log: timestamps
        )
        let envelope = try key.sign(payload)
        let entry = try #require(site.read { state in state.jobs[job] })
        try site.issue(
            envelope.logEntry(certificate: leaf),
            IssuedEvent.make(
                job: job,
                project: entry.manifest.project,
                reportID: Report.id(of: payload),
                nonce: report.nonce
            ),
            [
                "report": Report.id(of: payload).json, "evidence": try #require(entry.evidence).json,
                "millibits": 0,
            ]
        )
        var evidence = files
        evidence[EvidenceFiles.bundle] = nil
        for (name, bytes) in try EvidenceFiles.signed(
            envelope,
            leaf: leaf,
            platform: platform.certificate,
            root: root
        ) { evidence[name] = bytes }
        evidence[EvidenceFiles.timestamp] = try timeAuthority.stamp(envelope.signature)
        evidence[EvidenceFiles.timeAuthority] = PEM.encode(timeChain.signer, label: "CERTIFICATE")
        evidence[EvidenceFiles.timeRoot] = PEM.encode(timeChain.root, label: "CERTIFICATE")
        let checkpoint = try Checkpoint.open(note: site.log.checkpoint, key: site.log.key)
        let note = try checkpoint.signed(by: log)
        let index = site.log.size - 2
        let logged = try site.log.proof(index, under: note)
        let issued = try site.log.proof(index + 1, under: note)
        evidence[EvidenceFiles.entry] = logged.entry
        evidence[EvidenceFiles.proof] = logged.proof.bytes
        evidence[EvidenceFiles.issuedEntry] = issued.entry
        evidence[EvidenceFiles.issuedProof] = issued.proof.bytes
        let run = try site.log.proof(report.log.startIndex, under: note)
        evidence[EvidenceFiles.runProof] = run.proof.bytes
        return evidence
    }
}
