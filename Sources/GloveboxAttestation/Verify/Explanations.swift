/// What each line of a verdict means, for `verify --explain`.
enum Explanations {
    /// What a check compares.
    static func meaning(of check: String) -> String {
        if let text = checks[check] { return text }
        // The approvals are numbered.
        return "an approval: signed by an enrolled key for this plan, in force at the start, for this many runs"
    }

    /// What a claim in `notProven` would say if it were proven.
    static let notProven = [
        "contention": "that jobs on one host cannot signal each other through its load",
        "host-root-honest": "that whoever is root on the host did not read the data or forge this report",
        "host-uptime": "that a job cannot read for how long the host has been up",
        "page-cache": "that a job cannot tell which files others read before it",
        "root-key-offline": "that the root's key was kept off the host",
        "separate-broker": "that data keys are held by another process than the supervisor",
        "separate-signer": "that signing keys are held by another process than the supervisor",
        "separate-time-stamp": "that the time stamp comes from another operator than the site",
        "side-channels": "that nothing left through timing, memory or processor state",
        "time-stamp": "that an authority apart from the log saw the report at that time",
        "tpm": "that the supervisor's start was measured by a chip",
        "witnesses": "that others saw the same log, so that the site shows nobody a second one",
    ]

    static let checks = [
        "input.files": "every evidence file is here, none is too large, and there is something to compare with",
        "report.envelope": "the report is one strict DSSE envelope with exactly one signature",
        "report.statement": "its payload is a canonical in-toto statement of the report's type",
        "report.predicate": "its claims are those of this version, none unknown and none missing",
        "manifest.payload": "the plan can be read strictly",
        "manifest.envelope": "the plan's signature file can be read strictly",
        "trust.files": "the trust files can be read strictly and agree with each other",
        "cert.leaf": "the leaf certificate can be read",
        "cert.platform": "the platform CA's certificate can be read",
        "cert.root": "the root certificate can be read",
        "envelope.signature": "the leaf's key signed exactly these bytes",
        "envelope.public-key": "att.pub is the leaf's key",
        "bundle.form": "the Sigstore bundle can be read strictly and has no second signature, entry or time stamp",
        "bundle.same": "the Sigstore bundle holds this report, this certificate, this log entry and this time stamp",
        "bundle.log": "the bundle's checkpoint, index, size and root are those of the site's log",
        "statement.subjects": "the report is about this plan, then about released files with safe names in order",
        "cert.chain": "root, platform CA and leaf are those of the trust files, each signed by the one above",
        "cert.time": "all three were valid when the log took the report, and the leaf lived ten minutes at most",
        "cert.extensions": "no certificate demands something that this reader does not know",
        "cert.authority": "the CAs may issue so far and no further; the leaf may not issue at all",
        "cert.usage": "each key is for its use alone",
        "cert.identity": "the leaf names this attester, and the trust policy lets this CA vouch for it",
        "cert.sct": "the site's certificate log stamped the leaf before it was used",
        "trust.signature": "the root signed the trust policy, which covers the trust files beside it",
        "trust.version": "the trust policy is not older than one seen before or named in the report",
        "key.revocations": "no key of the chain had been revoked when the log took the report",
        "key.submitter": "the plan is signed by its submitter, with a key enrolled for that role",
        "timestamp.authority": "the time-stamping authority's certificates can be read",
        "timestamp.token": "a time-stamping authority of the trust files stamped the report's signature",
        "timestamp.time": "the stamped time lies within the leaf's life and fits the log's time",
        "time.order": "the run started before it ended, and ended before it was logged",
        "log.leaf": "the log entry is made of this signature and this certificate",
        "log.proof": "the log's tree holds the entry, under a checkpoint signed by the log and its witnesses",
        "log.issued-proof": "the log's tree holds the event that announces the report",
        "log.issued-event": "that event comes right after the entry and names this report and nonce",
        "log.position": "the report names this log, and what it points to comes before it",
        "nonce": "the report answers the reader's nonce, or that of the plan when nobody chose one",
        "assurance.root": "the reader accepts what the report rests on",
        "assurance.switches": "no safety switch was off that the reader does not accept by name",
        "assurance.not-proven": "the report admits what its root cannot prove",
        "assurance.binaries": "supervisor, launcher and libraries are known to the trust policy and not too old",
        "code": "the code that ran has the digests of the approved plan",
        "code.expected": "it is the code the reader expects",
        "code.digests": "code.digests says the same",
        "rootfs": "the root filesystem is the approved image",
        "invocation": "command, directory, environment and limits are the approved ones",
        "environment": "no variable changes what a program loads",
        "data": "the data read is the approved data",
        "jail": "the jail was the approved one, and the child saw it in force before the code ran",
        "policies": "the policies are the approved ones and not too old",
        "approval.withdrawn": "no reviewer refused the plan or took an approval back",
        "approval.separation": "nobody approved their own plan, and no operator approved",
        "approval.threshold": "enough different people approved",
        "outputs.released": "the released files of the report are exactly its subjects",
        "outputs.files": "the reader's files are the released ones, by name and by digest",
        "outputs.disclosure": "disclosure.json is the record of rules that the report names",
    ]
}
