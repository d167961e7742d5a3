import ArgumentParser
import Glibc
import GloveboxCore
import GloveboxStore

/// `gloveboxd selftest`: appends synthetic events to a log of their own.
struct SelftestCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "selftest",
        abstract: "Append synthetic events to a fresh log with many writers at once, and measure the disk.",
        discussion: """
            Makes DIR with a log in it: checkpoint, tile/ and ORIGIN.vkey, and its private parts below DIR/private. Ends \
            when the last checkpoint is published. With --print-acks, one line for each event that is durable: \
            ACK INDEX LEAF-HASH.

            EXAMPLE
              gloveboxd selftest --log /srv/selftest --writers 64 --count 100000
            """
    )

    @Option(help: ArgumentHelp("Directory of the log, which must not have one.", valueName: "DIR"))
    var log: String

    @Option(help: "Writers at the same time.")
    var writers: Int = 64

    @Option(help: "Events to append.")
    var count: UInt64 = 10_000

    @Flag(help: "Print a line for each acknowledged event.")
    var printAcks = false

    @Flag(help: "Go on with the log that is there.")
    var resume = false

    @Option(
        help: ArgumentHelp(
            "Give events idempotency keys that begin so: a second run with --resume repeats none. It waits for room.",
            valueName: "PREFIX"
        )
    )
    var keys: String?

    @Flag(inversion: .prefixedNo, help: "Measure the disk by itself, and warn when it cannot be believed.")
    var probe = true

    @Flag(help: "Print the result as JSON.")
    var json = false

    @Option(help: ArgumentHelp("Bytes of a journal segment.", visibility: .private))
    var segmentBytes: Int = 4 << 20

    func validate() throws {
        guard (1...1024).contains(writers), count <= 100_000_000 else {
            throw ValidationError("--writers must be 1 to 1024, --count at most 100000000.")
        }
        guard (4096...1 << 28).contains(segmentBytes) else {
            throw ValidationError("--segment-bytes must be 4096 to 268435456.")
        }
        guard keys.map(Identifier.isName) ?? true else {
            throw ValidationError("--keys takes lower-case letters, digits, dots and dashes.")
        }
    }

    func run() throws {
        try Failure.report { () throws(GloveboxError) in
            if !resume { try SelftestLog.create(log) }
            let disk = probe ? try DiskProbe(Directory(log), rounds: 200) : nil
            for warning in disk?.warnings ?? [] { Self.write("gloveboxd: warning: \(warning)\n", to: 2) }
            let start = LogClock.system.now().monotonic
            let writer = try SelftestLog.open(log, segmentBytes: segmentBytes)
            let opening = LogClock.system.now().monotonic - start
            defer { writer.close() }
            let run = SelftestRun(writer, count: count, keys: keys, acknowledge: printAcks ? Self.acknowledge : nil)
            let result = try run.run(writers: writers)
            let report = SelftestReport(
                size: writer.size,
                writers: writers,
                result: result,
                disk: disk,
                opening: opening
            )
            if json {
                Self.write(String(decoding: CanonicalJSON.encode(report.json), as: UTF8.self) + "\n", to: 1)
            } else {
                for line in report.lines { Self.write(line + "\n", to: 1) }
            }
        }
    }

    /// One line in one call, so that lines of several writers do not mix and none waits in a buffer.
    private static func acknowledge(_ index: UInt64, _ hash: Digest) {
        write("ACK \(index) \(Base64.encode(hash.bytes))\n", to: 1)
    }

    private static func write(_ text: String, to descriptor: Int32) {
        let bytes = Array(text.utf8)
        var done = 0
        while done < bytes.count {
            let count = unsafe bytes.withUnsafeBytes {
                unsafe Glibc.write(descriptor, $0.baseAddress?.advanced(by: done), bytes.count - done)
            }
            if count < 0 && errno != EINTR { return }
            done += max(0, count)
        }
    }
}
