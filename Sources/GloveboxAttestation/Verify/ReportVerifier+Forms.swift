internal import GloveboxCore

extension ReportVerifier {
    /// The report's other forms: the Sigstore bundle and the time stamp; gives the stamped time.
    static func forms(
        _ input: VerifyInput,
        _ parts: VerifiedParts,
        _ logged: LoggedAt?,
        _ checks: inout CheckList
    ) -> Instant? {
        if input.evidence[EvidenceFiles.bundle] != nil { bundle(input, parts, logged, &checks) }
        guard let trust = parts.trust else { return nil }
        guard let authority = trust.timeAuthority else {
            checks.leaveOut(.time, "timestamp.token", "the trust files name no time-stamping authority")
            return nil
        }
        let time = stamp(input, parts, authority, logged, &checks)
        _ = checks.run(.time, "bundle.made") { () throws(GloveboxError) in try input.file(EvidenceFiles.bundle) }
        return time
    }

    private static func bundle(
        _ input: VerifyInput,
        _ parts: VerifiedParts,
        _ logged: LoggedAt?,
        _ checks: inout CheckList
    ) {
        let bundle = parts.bundle.map { BundleChecks(bundle: $0, input: input) }
        checks.review(.statement, "bundle.same", both(bundle, both(parts.envelope, parts.leaf))) {
            $0.0.differences($0.1.0, $0.1.1)
        }
        _ = checks.run(.log, "bundle.log", bundle, parts.trust) { bundle, trust throws(GloveboxError) in
            try bundle.logged(trust, at: logged?.time)
        }
    }

    private static func stamp(
        _ input: VerifyInput,
        _ parts: VerifiedParts,
        _ authority: TimestampChain,
        _ logged: LoggedAt?,
        _ checks: inout CheckList
    ) -> Instant? {
        let stamps = checks.run(.time, "timestamp.authority") { () throws(GloveboxError) in
            try TimestampChecks(input, authority)
        }
        if let stamps, let logged, logged.time < stamps.signer.notBefore {
            checks.leaveOut(.time, "timestamp.token", "the site had no time-stamping authority yet")
            return nil
        }
        let time = checks.run(.time, "timestamp.token", stamps, parts.envelope) {
            stamps,
            envelope throws(GloveboxError) in
            try stamps.token(envelope)
        }
        _ = checks.run(.time, "timestamp.time", time, parts.leaf, parts.report) {
            time,
            leaf,
            report throws(GloveboxError) in
            try TimestampChecks.time(time, leaf, report)
        }
        return time
    }
}
