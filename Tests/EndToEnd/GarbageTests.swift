import GloveboxCore
import TestSupport
import Testing

/// Garbage of ten megabytes in place of any file that `verify` reads: refused or unreadable, never a crash, in little memory.
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
        "yes . | tr -d '\\n' | head -c \(megabytes)", "yes A. | tr -d '\\n' | head -c \(megabytes)",
        envelope(of: "yes 1, | tr -d '\\n' | head -c 7400000"), envelope(of: "yes a | tr -d '\\n' | head -c 7400000"),
    ]

    /// A whole envelope of what is left when a command's output is taken for a payload.
    private static func envelope(of command: String) -> String {
        """
        (printf '{"payload":"'; (printf '["'; \(command); printf '"]') | base64 -w 0; \
        printf '","payloadType":"application/vnd.in-toto+json","signatures":[{"keyid":"%064d","sig":"AAAA"}]}' 0)
        """
    }

    private static let files = [
        "report.dsse.json", "report.sigstore.json", "report.tsr", "leaf.pem", "report.tlog-proof", "manifest.json",
        "issued.entry", "trust_config.json", "trusted_root.json", "trust-policy.dsse.json", "tlog.policy",
        "code.digests", "start.dsse.json", "key.entry", "budget.entry", "disclosure.dsse.json", "lay/root.layout",
        "approvals/1-00000000.dsse.json", "report.cwt", "report.jwt",
    ]

    /// Most memory of the verifier in bytes; a debug build's own is about 30 MB of it.
    private static let memory = 80_000_000

    @Test(arguments: Array(kinds.enumerated()))
    func `ten megabytes of garbage never crash the verifier`(number: Int, kind: String) throws {
        let evidence = try FreshEvidence.shared().copy()
        // Every kind meets two files in the normal run, and every file in the long one.
        let all = TestPrograms.variable("GLOVEBOX_LONG") != nil
        let few = [number, number + 9].map { Self.files[$0 % Self.files.count] }
        for file in all ? Self.files : few {
            let saved = "if [ -e \(file) ]; then cp \(file) saved; fi; \(kind) >\(file)"
            try #require(try evidence.shell(saved).status == 0)
            let run = try evidence.shell(
                """
                python3 -c '
                import os, sys
                child = os.spawnv(os.P_NOWAIT, sys.argv[1], sys.argv[1:])
                _, status, usage = os.wait4(child, 0)
                print("peak", usage.ru_maxrss * 1024)
                sys.exit(os.waitstatus_to_exitcode(status))' \
                  \(TestPrograms.path("glovebox")) verify report.dsse.json --trust trust_config.json --accept emulated
                """
            )
            #expect([1, 2].contains(run.status), "\(file), \(kind): \(run.output.suffix(300))")
            let peak = run.output.split(separator: "\n").last?.split(separator: " ").last.flatMap { Int($0) }
            #expect(try #require(peak) < Self.memory, "\(file), \(kind)")
            let restored = "if [ -e saved ]; then mv saved \(file); else rm \(file); fi"
            try #require(try evidence.shell(restored).status == 0)
        }
    }
}
