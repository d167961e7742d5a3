package import GloveboxCore
package import GloveboxTransparency

/// The event `attestation.issued`, which stands in the log right after the leaf of its report.
///
/// Source: transparency-log specification, sections 7 and 8.
package enum IssuedEvent {
    /// The event to append right after the report's leaf, in the same journal record.
    ///
    /// Its time is rounded up to a second, not to the policy's tick: the leaf certificate is judged by it, and the
    /// report is made after the tick anyway.
    package static func make(
        job: String,
        project: String?,
        reportID: Digest,
        nonce: [UInt8]
    ) -> Event {
        Event(
            kind: .attestationIssued,
            job: job,
            project: project,
            fields: fields(reportID: reportID, nonce: nonce),
            timeStep: 1000
        )
    }

    private static func fields(reportID: Digest, nonce: [UInt8]) -> [(String, JSONValue)] {
        [("reportId", .string(reportID.hex)), ("nonceDigest", .string(Hashing.sha256(nonce).hex))]
    }

    /// Checks that a leaf is the event of that report, and gives the time of the event.
    ///
    /// - Throws: codes of the strict reader; `log.entry-mismatch`; `boot.mismatch`.
    static func check(
        _ leaf: [UInt8],
        reportLeaf: UInt64,
        reportID: Digest,
        nonce: [UInt8],
        origin: String,
        bootID: String
    ) throws(GloveboxError) -> Instant {
        let event = try JSONReader.readCanonical(leaf)
        let own = event["unmapped"]?["glovebox"]
        var expected = fields(reportID: reportID, nonce: nonce)
        expected += [
            ("reportLeaf", .decimal(reportLeaf)), ("event", .string(EventKind.attestationIssued.rawValue)),
            ("origin", .string(origin)),
        ]
        for (name, value) in expected where own?[name] != value {
            throw GloveboxError("log.entry-mismatch", "the issued event's \(name) does not belong to this report")
        }
        guard event["metadata"]?["sequence"]?.integer.flatMap(UInt64.init(exactly:)) == reportLeaf + 1,
            let time = event["time"]?.integer
        else { throw GloveboxError("log.entry-mismatch", "the issued event's sequence or time is missing or wrong") }
        guard own?["bootId"] == .string(bootID) else {
            throw GloveboxError("boot.mismatch", "the report was logged in another run of the machine than it says")
        }
        return Instant(milliseconds: time)
    }
}
