import Glibc
import GloveboxCore
import GloveboxLinux
import TestSupport
import Testing

/// Two real daemons that are each other's witnesses.
@Suite(.serialized) struct WitnessingTests {
    /// A founded site with an address, and its daemon while it runs.
    private final class Peer {
        let state: String
        let name: String
        let port: Int
        private var daemon: (RunningProgram, Descriptor)?

        init(_ name: String) throws {
            self.name = name
            state = try TestPrograms.scratch()
            port = try TestServer.freePort()
            let founding = [
                "init", "--state", state, "--name", name, "--origin", "log.\(name).example", "--plan-quorum", "1",
            ]
            let outcome = try TestPrograms.run("gloveboxd", founding)
            try #require(outcome.status == 0, "\(outcome.output)")
        }

        deinit { stop() }

        func key(_ file: String) throws -> String {
            String(decoding: try read(file), as: UTF8.self).split(separator: "\n").first.map(String.init) ?? ""
        }

        func read(_ file: String) throws -> [UInt8] {
            try Descriptor.open("\(state)/\(file)", O_RDONLY).readAll(limit: 1 << 24)
        }

        /// Makes the other site this one's witness, and this one the other's.
        func watch(_ other: Peer) throws {
            let policy = """
                log \(try key("log.vkey"))
                witness \(other.name) \(try other.key("witness.vkey")) http://127.0.0.1:\(other.port)/witness
                quorum \(other.name)

                """
            let settings = """
                log:
                  listen: "127.0.0.1:\(port)"
                  policy: witnesses.policy
                  watch:
                    - key: \(try other.key("log.vkey"))

                """
            try write("witnesses.policy", policy)
            try write("gloveboxd.yaml", settings)
        }

        private func write(_ file: String, _ text: String) throws {
            let file = try Descriptor.open("\(state)/\(file)", O_WRONLY | O_CREAT | O_TRUNC, mode: 0o600)
            try file.write(Array(text.utf8))
        }

        /// Starts the daemon; what it printed if it did not stay.
        func start() throws -> String? {
            let started = try TestPrograms.start("gloveboxd", ["serve", "--state", state, "--accept-disk"])
            var line: [UInt8] = []
            while !String(decoding: line, as: UTF8.self).contains("ready unix") {
                let more = try started.1.read(upTo: 4096)
                if more.isEmpty {
                    _ = try started.0.wait()
                    return String(decoding: line, as: UTF8.self)
                }
                line += more
            }
            daemon = started
            return nil
        }

        func stop() {
            daemon?.0.kill()
            do { _ = try daemon?.0.wait() } catch {}
            daemon = nil
        }

        /// Makes the log longer by an event.
        func grow(_ account: String) throws -> TestPrograms.Outcome {
            let token = "\(state)/\(account).token"
            let add = ["account", "add", account, "--role", "auditor", "--token-out", token]
            return try TestPrograms.run("glovebox", add + ["--profile", "\(state)/operator"])
        }

        func get(_ path: String, _ options: [String] = []) throws -> String {
            try TestPrograms.run("/usr/bin/curl", ["-sS"] + options + ["http://127.0.0.1:\(port)/\(path)"]).output
        }

        /// The size that the public checkpoint states, when a witness of that name cosigned it.
        func cosignedSize(by witness: String) throws -> Int? {
            let lines = String(decoding: try read("log/checkpoint"), as: UTF8.self).split(separator: "\n")
            guard lines.contains(where: { $0.hasPrefix("— log.\(witness).example/witness ") }) else { return nil }
            return lines.count > 1 ? Int(lines[1]) : nil
        }

        var record: String {
            get throws {
                let names = try TestPrograms.run("/bin/ls", ["\(state)/witness"]).output.split(separator: "\n")
                return "witness/\(try #require(names.first))"
            }
        }
    }

    /// Two sites that have cosigned each other's log.
    private func pair() throws -> (Peer, Peer) {
        let (north, south) = (try Peer("north"), try Peer("south"))
        try north.watch(south)
        try south.watch(north)
        #expect(try north.start() == nil, "a site starts before its witness does")
        #expect(try south.start() == nil)
        #expect(
            try eventually {
                try north.cosignedSize(by: "south") != nil && south.cosignedSize(by: "north") != nil
            },
            "it never came about: both are cosigned"
        )
        return (north, south)
    }

    /// How many entries a checkpoint is over.
    private static func size(_ checkpoint: [UInt8]) throws -> Int {
        let line = try #require(checkpoint.split(separator: 10).dropFirst().first)
        return try #require(Int(String(decoding: line, as: UTF8.self)))
    }

    @Test func `a site rolled back to a snapshot does not start while its witness remembers`() throws {
        let (north, south) = try pair()
        north.stop()
        let snapshot = try TestPrograms.scratch()
        #expect(try TestPrograms.run("/bin/cp", ["-a", north.state, snapshot + "/state"]).status == 0)
        let before = try Self.size(north.read("log/checkpoint"))
        #expect(try north.start() == nil)
        #expect(try north.grow("alice").status == 0)
        #expect(try north.grow("bob").status == 0)
        let record = try south.record
        #expect(
            try eventually { try Self.size(south.read(record + "/checkpoint")) >= before + 2 },
            "it never came about: the witness has the new size"
        )
        north.stop()
        // As a snapshot of the disk does: the directory stays the same.
        #expect(try TestPrograms.run("/usr/bin/find", [north.state, "-mindepth", "1", "-delete"]).status == 0)
        #expect(try TestPrograms.run("/bin/cp", ["-a", snapshot + "/state/.", north.state]).status == 0)

        let refusal = try north.start()
        // The log may have grown by more, and its last words to the witness may have been on their way when it ended; by
        // now they have arrived.
        let grown = try #require(try south.read(record + "/checkpoint").split(separator: 10).dropFirst().first)
        #expect(refusal?.contains("log.rollback") == true, "\(refusal ?? "it started")")
        #expect(refusal?.contains(String(decoding: grown, as: UTF8.self)) == true, "both sizes are told")
        #expect(try TestPrograms.run("/bin/ls", [north.state + "/evidence"]).output.contains("log.rollback"))

        // Whoever has the witness's record sees it in one command, and has something to show.
        let accusation = snapshot + "/evidence.json"
        let verified = try TestPrograms.run(
            "glovebox",
            [
                "audit", "verify", "--log", north.state, "--key", north.state + "/log.vkey", "--since",
                "\(south.state)/\(record)/checkpoint", "--evidence", accusation,
            ]
        )
        #expect(verified.status == 1 && verified.output.contains("ROLLBACK"), "\(verified.output)")
        let shown = String(decoding: try Descriptor.open(accusation, O_RDONLY).readAll(limit: 1 << 20), as: UTF8.self)
        #expect(shown.contains("log.north.example\\n\(String(decoding: grown, as: UTF8.self))\\n"))

        // Nothing warns it while the witness is away: it goes on, and is convicted when the witness is back.
        south.stop()
        #expect(try north.start() == nil)
        #expect(try north.grow("mallory").status == 0)
        #expect(try south.start() == nil)
        #expect(
            try eventually {
                try TestPrograms.run("/bin/ls", [north.state + "/evidence"]).output.split(separator: "\n").count >= 2
            },
            "it never came about: the log is stopped"
        )
        let refused = try north.grow("eve")
        #expect(refused.status != 0 && refused.output.contains("log.unavailable"), "a convicted log takes nothing")
        #expect(
            try eventually {
                // How bad it is depends on which log is longer by then.
                let kept = try TestPrograms.run("/bin/ls", ["\(south.state)/\(record)"]).output
                return kept.contains("suspect-") || kept.contains("fork-")
            },
            "it never came about: the witness keeps what it was shown"
        )
        #expect(try south.read(record + "/checkpoint").split(separator: 10).dropFirst().first == grown)
        #expect(try south.get("\(record)/checkpoint").utf8.elementsEqual(south.read(record + "/checkpoint")))
    }

    @Test(.enabled(if: ThirdPartyTools.arePrepared, "GLOVEBOX_THIRD_PARTY is not set; Deploy/test sets it"))
    func `x mod and pymerkle verify the log of a site at work over its own address, as it grows`() throws {
        let (north, south) = try pair()
        defer { south.stop() }
        let (place, key) = ("http://127.0.0.1:\(north.port)", try north.key("log.vkey"))
        var last = 0
        for account in ["ada", "ben"] {
            #expect(try north.grow(account).status == 0)
            // Each event is published within a second, and cosigned.
            #expect(try eventually { try north.cosignedSize(by: "south").map { $0 > last } ?? false })
            let go = try ThirdPartyTools.tlog(place, key)
            let size = go.output.split(separator: " ").dropFirst().first.flatMap { Int($0) }
            #expect(go.status == 0 && go.output.hasPrefix("GOOD "), "\(go.output)")
            #expect(try #require(size) > last)
            last = size ?? last
            let python = try ThirdPartyTools.pymerkle(place)
            #expect(python.status == 0 && python.output.hasPrefix("GOOD "), "\(python.output)")
        }
        // Under another log's key the same bytes are refused.
        #expect(try ThirdPartyTools.tlog(place, south.key("log.vkey")).status == 1)
    }

    @Test func `the public log is served over HTTP with exact paths`() throws {
        let (north, south) = try pair()
        defer { south.stop() }
        #expect(try north.get("checkpoint").hasPrefix("log.north.example\n"))
        let names = try TestPrograms.run("/usr/bin/find", [north.state + "/log/tile", "-type", "f", "-name", "[0-9]*"])
            .output
        let tile = try #require(names.split(separator: "\n").first { $0.contains("/tile/0/") })
        let path = String(tile.dropFirst(north.state.utf8.count + 5))
        let head = try north.get(path, ["-I"]).lowercased()
        #expect(head.contains("200 ok") && head.contains("immutable") && head.contains("application/octet-stream"))
        #expect(head.contains("content-length: \(try north.read("log/" + path).count)"))
        for wrong in [path + "/", "tile/0/000.p/0", "tile/00/000", "tile/0/..%2f..%2fjournal", "journal/0.wal"] {
            #expect(
                try north.get(wrong, ["-o", "/dev/null", "-w", "%{http_code}", "--path-as-is"]) == "404",
                "\(wrong)"
            )
        }
        let status = ["-o", "/dev/null", "-w", "%{http_code} %{content_type}", "--data-binary"]
        let submission = "witness/add-checkpoint"
        #expect(try south.get(submission, status + ["old 0\n"]) == "400 text/plain; charset=utf-8")
        let note = String(decoding: try north.read("log/checkpoint"), as: UTF8.self)
        let size = note.split(separator: "\n")[1]
        #expect(try south.get(submission, ["--data-binary", "old 0\n\n\(note)"]) == "\(size)\n")
        #expect(try south.get(submission, status + ["old 0\n\n\(note)"]) == "409 text/x.tlog.size")
        #expect(try south.get(submission, status + ["old \(size)\n\n\(note)"]).hasPrefix("200"))
        #expect(try north.get(submission, status + ["old 0\n\n\(note)"]).hasPrefix("404"), "no site watches itself")
        let forged = note.replacing("\n\(size)\n", with: "\n7\n")
        #expect(try south.get(submission, status + ["old 0\n\n\(forged)"]).hasPrefix("403"))
        #expect(
            try south.get(submission, status + ["old \(size)\n\(note.split(separator: "\n")[2])\n\n\(note)"]).hasPrefix(
                "422"
            )
        )
    }
}
