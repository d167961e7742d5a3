import ArgumentParser
import Glibc
import GloveboxAttestation
import GloveboxCore
import GloveboxLinux
import GloveboxLocalCommands
import GloveboxMeasure

/// The command `glovebox verify`.
struct VerifyCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "verify",
        abstract: "Check a report and its results; offline, with no account.",
        discussion: """
            Reads the report's siblings in its directory and the trust files beside the trust configuration. Every cause \
            of a refusal is listed, each with its code. Exit status 0 verified, 1 refused, 2 usage or unreadable input.

            A report of a site without a hardware root says so, and is refused unless --accept emulated is given: root \
            on such a host could forge it. Files of the report's directory that are results are not read unless named.

            With --memory a reader also learns of a site that went back to older versions or an older log, or that tells two \
            stories of one run: what no report can show by itself.

            With --summary a verifier vouches for what passed, as a SLSA verification summary (DSSE) under a key of \
            their own: for those who trust the verifier and need not have the report. Without results the report itself is \
            vouched for. Nothing is written for what is refused.

            EXAMPLES
              glovebox verify results/report.dsse.json --trust trust_config.json --expect-code code \\
                --accept emulated results/table.csv
              glovebox verify results/report.dsse.json --trust trust_config.json --accept emulated --explain
              openssl genpkey -algorithm ed25519 -out verifier.pem
              glovebox verify results/report.dsse.json --trust trust_config.json --accept emulated results/table.csv \\
                --summary table.vsa.json --summary-key verifier.pem
            """
    )

    @Argument(help: "The report, report.dsse.json.")
    var report: String

    @Argument(help: "Result files to match.")
    var results: [String] = []

    @Option(help: ArgumentHelp("Trust configuration of the site.", valueName: "FILE"))
    var trust: String

    @Option(help: ArgumentHelp("Code tree the report must be about.", valueName: "DIR|DIGEST"))
    var expectCode: String?

    @Option(help: ArgumentHelp("Nonce the report must carry: 64 hex digits, or base64url.", valueName: "NONCE"))
    var nonce: String?

    @Option(help: "Accept a weakness by name, such as emulated; repeatable.")
    var accept: [String] = []

    @Option(
        help: ArgumentHelp(
            "Compare with reports that verified before, and remember this one; the file is made when it is missing.",
            valueName: "FILE"
        )
    )
    var memory: String?

    @Option(help: ArgumentHelp("Write what passed as a signed verification summary.", valueName: "FILE"))
    var summary: String?

    @Option(help: ArgumentHelp("The verifier's own Ed25519 key (PKCS #8, PEM) for --summary.", valueName: "KEY"))
    var summaryKey: String?

    @Flag(help: "Say what each check means, and what the report does not prove.")
    var explain = false

    @Flag(help: "Print one JSON object.")
    var json = false

    func validate() throws {
        guard (summary == nil) == (summaryKey == nil) else {
            throw ValidationError("--summary and --summary-key go together: a summary is worth its signer's key")
        }
    }

    func run() throws {
        let verdict: Verdict
        do throws(GloveboxError) {
            var options = VerifyOptions()
            options.acceptEmulated = accept.contains("emulated")
            options.accept = accept.filter { $0 != "emulated" }
            options.now = SystemClock.now()
            if let nonce {
                guard let bytes = Hex.decode(nonce) ?? Base64.decodeURL(nonce) else {
                    throw GloveboxError("nonce.encoding", "--nonce takes 64 hex digits, or base64url without padding")
                }
                options.nonce = bytes
            }
            if let memory {
                let isThere = unsafe access(memory, F_OK) == 0
                options.memory = isThere ? try VerifierMemory(parsing: InputFile.bytes(memory)) : VerifierMemory()
            }
            if let expectCode { options.expectedCode = try expected(expectCode) }
            var files: [ResultFile] = []
            for path in results {
                files.append(ResultFile(name: Evidence.baseName(path), digest: try InputFile.digest(path)))
            }
            let evidence = try Evidence(report: report, trust: trust)
            verdict = evidence.verdict(options, results: files)
            if let memory, verdict.isVerified, let seen = verdict.seen {
                options.memory?.note(seen)
                try OutputFile.replace(memory, with: options.memory?.bytes ?? [])
            }
            if let summary, let summaryKey, verdict.isVerified {
                let signer = try PersonSigner(pem: InputFile.bytes(summaryKey, limit: 4096))
                let summed = try VerificationSummary(
                    verdict,
                    report: (Evidence.baseName(report), evidence.files.first?.bytes ?? []),
                    trustPolicy: evidence.trust.first { $0.name == TrustFiles.Name.trustPolicy }?.bytes ?? [],
                    results: files,
                    accepted: accept,
                    at: SystemClock.now()
                )
                try OutputFile.write(summed.signed(by: signer).bytes, to: summary)
            }
        } catch {
            if json {
                Terminal(json: json, quiet: false).result(
                    ["verdict": "error", "reason": .string(error.code), "message": .string(error.message)],
                    []
                )
            }
            JailReportText.write("glovebox: \(error)\n", to: 2)
            throw ExitCode(2)
        }
        Terminal(json: json, quiet: false).result(
            explain ? verdict.explainedJSON : verdict.json,
            explain ? verdict.explanation : verdict.story
        )
        if !verdict.isVerified { throw ExitCode(1) }
    }

    private func expected(_ text: String) throws(GloveboxError) -> ExpectedCode {
        if let digest = Digest(hex: text) ?? Digest(named: text) { return .nar(digest) }
        let code = try CodeTree.measure(directory: text)
        return .measured(CodeDigests(nar: code.narSha256, gitTree: code.gitTreeSha256, dirHash: code.dirHash))
    }
}
