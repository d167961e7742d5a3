import ArgumentParser
import Glibc
import GloveboxAPI
import GloveboxCore
import GloveboxLinux
import GloveboxLocalCommands
import GloveboxTransparency

/// The command `glovebox audit timestamp`.
struct AuditTimestampCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "timestamp",
        abstract: "Have a log's checkpoint time-stamped (RFC 3161), so that nobody can date it back.",
        discussion: """
            Writes NAME.checkpoint and NAME.tsr, and checks the stamp. Anyone checks it again with
              openssl ts -verify -data NAME.checkpoint -in NAME.tsr -CAfile CA

            EXAMPLES
              glovebox audit timestamp --log DIR --key log.vkey --tsa https://tsa.example/ --ca tsa.pem
              glovebox audit timestamp --log /var/lib/glovebox --key log.vkey --tsa local
            """
    )

    @OptionGroup var options: LogOptions

    @Option(help: ArgumentHelp("A time-stamping authority, or a key of one's own.", valueName: "URL|local"))
    var tsa: String

    @Option(help: ArgumentHelp("Certificate by which the stamp is checked; needed with a URL.", valueName: "FILE"))
    var ca: String?

    @Option(help: ArgumentHelp("Where the local key lies, or is made.", valueName: "DIR"))
    var tsaKeys: String?

    @Option(help: ArgumentHelp("Name of the files that are written, without their ending.", valueName: "NAME"))
    var out: String?

    @Flag(help: "Print one JSON object.")
    var json = false

    func run() async throws {
        let terminal = Terminal(json: json, quiet: false)
        try await AuditStatus.report(terminal) { () async throws(GloveboxError) in
            let trust = try options.trustOptions.trust()
            let note = try await LogPlace.with(options.log) { source throws(GloveboxError) in
                try await source.checkpoint()
            }
            let checkpoint: Checkpoint
            do throws(GloveboxError) {
                checkpoint = try trust.open(note: note, now: SystemClock.now()).checkpoint
            } catch {
                return AuditStatus.refuse(error, terminal)
            }
            let name = out ?? "\(checkpoint.origin)-\(checkpoint.size)"
            let authority: String
            do throws(GloveboxError) { authority = try await stamp(note, name) } catch {
                guard error.code.utf8.elementsEqual("timestamp.refused".utf8) else { throw error }
                return AuditStatus.refuse(error, terminal)
            }
            terminal.result(
                [
                    "checkpoint": .string(name + ".checkpoint"), "stamp": .string(name + ".tsr"),
                    "ca": .string(authority), "size": .string(String(checkpoint.size)),
                ],
                [
                    "\(checkpoint.size) entries of \(Display.escape(checkpoint.origin)), stamped in "
                        + Display.escape(name + ".tsr"),
                    "check it with: openssl ts -verify -data \(Display.escape(name)).checkpoint "
                        + "-in \(Display.escape(name)).tsr -CAfile \(Display.escape(authority))",
                ]
            )
            return true
        }
    }

    /// Stamps a checkpoint and checks the stamp; returns the certificate it was checked by.
    private func stamp(_ note: [UInt8], _ name: String) async throws(GloveboxError) -> String {
        // Nothing is written before it is known who stamps and whose stamps are believed.
        let local = tsa.utf8.elementsEqual("local".utf8) ? LocalTimestampAuthority(directory: try keyDirectory()) : nil
        guard let authority = local?.certificate ?? ca else {
            throw GloveboxError(
                "usage",
                "nothing says whose stamps to believe",
                hint: "Give --ca with the certificate."
            )
        }
        let scratch = try ScratchDirectory()
        let (data, query, reply) = (name + ".checkpoint", scratch.path + "/query", scratch.path + "/reply")
        try OutputFile.write(note, to: data)
        try OpenSSL.run(["ts", "-query", "-data", data, "-sha256", "-cert", "-out", query], or: "timestamp.query")
        if let local {
            if try local.prepare() {
                let place = Display.escape(local.directory)
                JailReportText.write(
                    "made a time-stamping key in \(place); it proves time only to who trusts it\n",
                    to: 2
                )
            }
            try local.answer(query: query, to: reply)
        } else {
            try OutputFile.write(try await ask(try InputFile.bytes(query)), to: reply)
        }
        try OpenSSL.run(
            ["ts", "-verify", "-queryfile", query, "-in", reply, "-CAfile", authority],
            or: "timestamp.refused"
        )
        try OutputFile.write(try InputFile.bytes(reply), to: name + ".tsr")
        return authority
    }

    private func ask(_ query: [UInt8]) async throws(GloveboxError) -> [UInt8] {
        let site = try PublicFiles(tsa)
        do {
            let answer = try await site.post(query, type: "application/timestamp-query", limit: 1 << 20)
            await site.close()
            return answer
        } catch {
            await site.close()
            throw error
        }
    }

    /// The directory given, or one beside the log in its state directory.
    private func keyDirectory() throws(GloveboxError) -> String {
        if let tsaKeys { return tsaKeys }
        guard unsafe access(options.log + "/log/checkpoint", F_OK) == 0 else {
            throw GloveboxError("usage", "the log lies in no state directory", hint: "Give --tsa-keys DIR.")
        }
        return options.log + "/keys/local-tsa"
    }
}
