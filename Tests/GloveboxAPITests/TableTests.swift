import GloveboxAPI
import GloveboxCore
import GloveboxJobs
import Testing

@Suite struct TableTests {
    /// The stable codes of job-backend section 4.3.
    static let codes = [
        "request.invalid", "json.duplicate-key", "json.number", "schema.unknown-field", "schema.missing-field",
        "path.invalid", "url.scheme", "image.unknown", "dataset.unknown", "policy.unknown", "policy.error",
        "limit.exceeded", "auth.missing", "auth.forbidden", "object.not-found", "object.conflict", "job.phase",
        "plan.digest-mismatch", "approval.expired", "approval.separation", "approval.signature", "approval.withdrawn",
        "quorum.closed", "key.revoked", "project.closed", "site.paused", "budget.exhausted", "quota.exceeded",
        "idempotency.reused", "idempotency.running", "precondition.failed", "upload.too-large", "upload.rejected",
        "digest.mismatch", "rate.limited", "log.unavailable", "storage.full", "node.unavailable", "internal",
    ]

    @Test(arguments: codes) func `every stable code has a status and goes out under its own name`(code: String) {
        #expect(StatusTable.isKnown(code))
        #expect((400..<600).contains(StatusTable.status(of: code)))
        #expect(Problem(GloveboxError(code, "m"), instance: nil).code == code)
    }

    @Test(arguments: [("review.changed", 409), ("input-policy.column", 422), ("input-policy.dataset", 422)])
    func `what a caller can mend goes out under its own name`(code: String, status: Int) {
        let problem = Problem(GloveboxError(code, "m"), instance: nil)
        #expect(problem.code == code && problem.status == status)
    }

    @Test func `an error of the site itself tells the caller nothing but the request`() {
        let problem = Problem(GloveboxError("jail.mount-failed", "/secret/path", hint: "h"), instance: "req_1")
        #expect(problem.code == "internal" && problem.status == 500 && problem.instance == "req_1")
        #expect(!String(decoding: problem.encoded, as: UTF8.self).contains("secret"))
        let own = Problem(GloveboxError("internal", "/secret/path"), instance: "req_1")
        #expect(!String(decoding: own.encoded, as: UTF8.self).contains("secret"))
    }

    @Test(arguments: [
        ("auth.missing", 401, ExitCode.forbidden), ("object.not-found", 404, .notFound), ("job.phase", 409, .notFound),
        ("policy.not-enforced", 422, .denied), ("server.unreachable", 0, .unreachable), ("usage", 0, .usage),
        ("plan.digest-mismatch", 409, .verification), ("something.new", 403, .forbidden),
        ("something.new", 500, .failure),
        ("approval.separation", 403, .forbidden), ("json.syntax", 400, .usage), ("receipt.refused", 0, .verification),
        ("review.changed", 409, .verification),
    ])
    func `errors end the command line with the code of the table`(code: String, status: Int, exit: ExitCode) {
        let failure = RequestFailure(GloveboxError(code, "m"), status: status == 0 ? nil : status)
        #expect(failure.exitCode == exit)
    }

    @Test func `the end of a job gives an exit code, an open job the one for waiting`() {
        #expect(ExitCode(JobPhase.released) == .ok && ExitCode(JobPhase.withheld) == .denied)
        #expect(ExitCode(JobPhase.failed) == .jobFailed && ExitCode(JobPhase.denied) == .denied)
        for phase in JobPhase.allCases where !phase.isTerminal { #expect(ExitCode(phase) == .waiting) }
    }

    @Test(arguments: [
        "", "http://x", "unix://relative", "unix:///", "unix:///a/", "unix:///" + String(repeating: "a", count: 107),
    ])
    func `refuses an address that is no socket`(text: String) {
        #expect(throws: GloveboxError("usage", "")) { try ServerAddress(text) }
    }

    @Test func `encodes and decodes path segments with one reading`() throws {
        for text in ["a", "sha256:00", "ü/ö%", "a b", "~-._"] where !text.contains("/") {
            #expect(PercentPath.decode(PercentPath.encode(text).utf8) == text)
        }
        #expect(PercentPath.encode("/a b") == "%2Fa%20b")
        for bad in ["%", "%2", "%zz", "%2f", "%5C", "%00", "..", ".", "%2e%2e", "", "%ff"] {
            #expect(PercentPath.decode(bad.utf8) == nil, "\(bad)")
        }
    }
}
