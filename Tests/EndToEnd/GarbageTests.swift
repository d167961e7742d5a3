import GloveboxCore
import TestSupport
import Testing

/// Garbage of ten megabytes in place of any file that `verify` reads: refused or unreadable, never a crash.
@Suite(.enabled(if: TestPrograms.variable("GLOVEBOX_THIRD_PARTY") != nil, "a fresh report needs what Deploy/test sets"))
struct GarbageTests {
    private static let megabytes = 10_000_000

    /// One shell command each that writes garbage; what is cut off by `head` ends in the middle of something.
    static let kinds = [
        "head -c \(megabytes) /dev/urandom", "head -c \(megabytes) /dev/zero",
        "yes '[' | tr -d '\\n' | head -c \(megabytes)", "yes '{\"a\":' | tr -d '\\n' | head -c \(megabytes)",
        "(printf '['; yes '1,' | tr -d '\\n' | head -c \(megabytes - 1))",
        "(printf '\"'; yes a | tr -d '\\n' | head -c \(megabytes - 1))",
        "(printf '{\"payload\":\"'; yes QUFB | tr -d '\\n' | head -c \(megabytes - 100))",
        "(printf -- '-----BEGIN CERTIFICATE-----\\n'; yes QUFB | head -c \(megabytes - 100))",
        "yes | head -c \(megabytes)", "(printf '0\\204\\177\\377\\377\\377'; head -c \(megabytes - 10) /dev/zero)",
        "yes '0\\200' | tr -d '\\n' | head -c \(megabytes)", "head -c \(megabytes + 1) /dev/zero",
    ]

    private static let files = [
        "report.dsse.json", "report.sigstore.json", "report.tsr", "leaf.pem", "report.tlog-proof", "manifest.json",
        "issued.entry", "trust_config.json", "trusted_root.json", "trust-policy.dsse.json", "tlog.policy",
        "code.digests",
    ]

    @Test(arguments: Array(kinds.enumerated()))
    func `ten megabytes of garbage never crash the verifier`(number: Int, kind: String) throws {
        let evidence = try FreshEvidence.shared().copy()
        // Every kind meets one file in the normal run, and every file in the long one.
        let all = TestPrograms.variable("GLOVEBOX_LONG") != nil
        for file in all ? Self.files : [Self.files[number]] {
            let saved = "cp \(file) saved && \(kind) >\(file)"
            try #require(try evidence.shell(saved).status == 0)
            let run = try TestPrograms.run(
                "glovebox",
                [
                    "verify", evidence.directory + "/report.dsse.json", "--trust",
                    evidence.directory + "/trust_config.json", "--accept", "emulated",
                ]
            )
            #expect([1, 2].contains(run.status), "\(file), \(kind): \(run.output.suffix(300))")
            try #require(try evidence.shell("mv saved \(file)").status == 0)
        }
    }
}
