import GloveboxCore
import GloveboxTransparency
import Testing

@Suite struct WitnessTests {
    private let logs: [WatchedLog]
    private let witness: Cosigner
    private let now = Instant(seconds: 1_750_000_000)

    init() throws {
        let key = try NoteKey(vkey: Fixtures.logKey)
        logs = [try WatchedLog(origin: key.name, keys: [key])]
        witness = try Cosigner(name: "witness.peer.example", seed: Array(32...63))
    }

    private static func checkpoint(_ size: UInt64, root: Digest? = nil) throws -> Checkpoint {
        Checkpoint(origin: "log.datasite.example", size: size, root: try root ?? Fixtures.tree.root(size: size))
    }

    /// The refusal of a body after a record of that size, or nil.
    private func refusal(_ body: [UInt8], after recorded: UInt64?) throws -> WitnessRefusal? {
        let record = try recorded.map { try Self.checkpoint($0) }
        do throws(WitnessRefusal) {
            let request = try WitnessRequest(parsing: body)
            try request.check(request.open(watching: logs).checkpoint, after: record)
            return nil
        } catch {
            return error
        }
    }

    private func request(_ old: UInt64, _ new: UInt64, proof: [Digest]? = nil, root: Digest? = nil) throws -> [UInt8] {
        let note = try Self.checkpoint(new, root: root).signed(by: Fixtures.signer())
        let honest = old <= new ? try Fixtures.tree.consistency(old: old, new: new) : []
        return WitnessRequest(old: old, proof: proof ?? honest, note: note).bytes
    }

    @Test func `cosigns as the specification's witness does`() throws {
        let note = try SignedNote(parsing: Fixtures.note)
        #expect(witness.key.vkey == Fixtures.witnessKey)
        #expect(
            try String(decoding: witness.cosign(note.text, at: now).line, as: UTF8.self) == Fixtures.witnessLine + "\n"
        )
        #expect(try Cosigner(parsing: witness.secretText).key == witness.key)
        let asLog = witness.secretText.replacing("+BCAh", with: "+ASAh")
        #expect(Fixtures.code { _ = try Cosigner(parsing: asLog) } == "log.key")
        #expect(Fixtures.code { _ = try NoteSigner(parsing: witness.secretText) } == "log.key")
    }

    @Test func `takes every step between any two sizes`() throws {
        for new in 0...8 as ClosedRange<UInt64> {
            for old in 0...new {
                #expect(try refusal(request(old, new), after: old == 0 ? nil : old) == nil, "\(old) \(new)")
            }
        }
    }

    @Test(arguments: [
        "", "\n", "old 3\n", "old 03\n\n", "old +3\n\n", "old 3 x\n\n", "old  3\n\n", "Old 3\n\n",
        "old 9223372036854775808\n\n",
        "old 3\r\n\n", "old 3\nAAAA\n\n", "old 3\nEhERAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAB=\n\n", "old 3",
    ])
    func `refuses a body of another form`(start: String) throws {
        let note = try Self.checkpoint(8).signed(by: Fixtures.signer())
        #expect(try refusal(Array(start.utf8) + (start.hasSuffix("\n\n") ? note : []), after: 3)?.status == 400)
    }

    @Test func `refuses 64 hashes, a long body, and an old size above the new one`() throws {
        let many = [Digest](repeating: .zero, count: 64)
        #expect(try refusal(request(3, 8, proof: many), after: 3)?.status == 400)
        #expect(try refusal(request(3, 8, proof: Array(many.dropLast())), after: 3)?.status == 422)
        #expect(try refusal([UInt8](repeating: 10, count: 1 << 20 | 1), after: 3)?.status == 400)
        #expect(try refusal(request(9, 8), after: 3)?.status == 400)
    }

    @Test(arguments: [
        "log.datasite.example\n8\n", "log.datasite.example\n08\nXcnaeacGWamtVZy3Ad7ZoqudgjqtL0lgz+Nw7/RgQyg=\n",
        "log.datasite.example\n8\nXcnaeacGWamtVZy3Ad7ZoqudgjqtL0lgz+Nw7/RgQyh=\n",
        "log.datasite.example\n9223372036854775808\nXcnaeacGWamtVZy3Ad7ZoqudgjqtL0lgz+Nw7/RgQyg=\n",
    ])
    func `refuses a checkpoint of another form`(text: String) throws {
        let body = Array("old 0\n\n".utf8) + (try Fixtures.sign(text))
        #expect(try refusal(body, after: nil)?.status == 400)
    }

    @Test func `tells unknown logs from unsigned checkpoints`() throws {
        let other = try NoteSigner(name: "log.other.example", seed: Array(1...32))
        let foreign = Checkpoint(origin: "log.other.example", size: 8, root: .zero)
        #expect(try refusal(Array("old 0\n\n".utf8) + foreign.signed(by: other), after: nil) == .unknownOrigin)
        let unsigned = Array("old 0\n\n\(Fixtures.text)\n\(Fixtures.witnessLine)\n".utf8)
        #expect(try refusal(unsigned, after: nil) == .untrusted)
        // The right key's name and id over another text.
        let moved = Array("old 0\n\n\(Fixtures.text.replacing("\n8\n", with: "\n7\n"))\n\(Fixtures.logLine)\n".utf8)
        #expect(try refusal(moved, after: nil) == .untrusted)
        let known = Array("old 0\n\n".utf8) + Fixtures.note
        #expect(try refusal(known, after: nil) == nil, "lines of unknown keys are passed over")
    }

    @Test func `takes a foreign checkpoint with lines of its own, and keeps trusted signatures alone`() throws {
        let note = try Fixtures.sign(Fixtures.text + "timestamp 1\n")
        let opened = try WitnessRequest(old: 0, proof: [], note: note).open(watching: logs)
        #expect(opened.checkpoint.size == 8 && opened.note.bytes == note)
        let both = try WitnessRequest(old: 0, proof: [], note: Fixtures.note).open(watching: logs)
        #expect(both.note.signatures.map(\.name) == ["log.datasite.example"])
    }

    @Test func `names the recorded size when the old one is another`() throws {
        #expect(try refusal(request(3, 8), after: 5) == .conflict(recorded: 5))
        #expect(try refusal(request(0, 8), after: 5) == .conflict(recorded: 5))
        #expect(try refusal(request(3, 8), after: nil) == .conflict(recorded: 0))
    }

    @Test func `refuses another history`() throws {
        #expect(try refusal(request(3, 8, proof: []), after: 3)?.status == 422)
        #expect(try refusal(request(3, 8, root: .zero), after: 3)?.status == 422)
        #expect(try refusal(request(8, 8, root: .zero), after: 8)?.status == 422)
        #expect(try refusal(request(0, 8, proof: [.zero]), after: nil)?.status == 422)
        #expect(try refusal(request(0, 0, root: .zero), after: nil)?.status == 422)
        #expect(try refusal(request(8, 8, proof: [.zero]), after: 8)?.status == 422)
    }

    private func reply(_ status: Int, _ body: [UInt8]) -> String {
        let reply = WitnessReply(
            status: status,
            body: body,
            text: Array(Fixtures.text.utf8),
            witness: witness.key,
            now: now
        )
        return switch reply {
        case .cosigned: "cosigned"
        case .recorded(let size): "recorded \(size)"
        case .inconsistent: "inconsistent"
        case .disagreed: "disagreed"
        case .useless(let status): "useless \(status)"
        }
    }

    @Test func `believes an answer only as far as it is signed`() throws {
        let line = Array((Fixtures.witnessLine + "\n").utf8)
        let stranger = try Cosigner(name: "witness.other.example", seed: Array(3...34))
        let other = try stranger.cosign(Array(Fixtures.text.utf8), at: now).line
        #expect(reply(200, line) == "cosigned")
        #expect(reply(200, other + line) == "cosigned", "keys that are not known are passed over")
        #expect(reply(200, other) == "useless 200")
        #expect(reply(200, []) == "useless 200")
        #expect(reply(200, [0xff]) == "useless 200")
        #expect(reply(200, Array("<html>".utf8)) == "useless 200")
        let elsewhere = try witness.cosign(Array(Fixtures.text.replacing("8", with: "7").utf8), at: now).line
        #expect(reply(200, elsewhere) == "disagreed")
        let future = try witness.cosign(Array(Fixtures.text.utf8), at: now.adding(seconds: 301)).line
        #expect(reply(200, future) == "disagreed")
        #expect(reply(409, Array("12\n".utf8)) == "recorded 12")
        for body in ["12", "012\n", "-1\n", "\n", "", "12\n\n", "9223372036854775808\n"] {
            #expect(reply(409, Array(body.utf8)) == "useless 409", "\(body)")
        }
        #expect(reply(422, []) == "inconsistent")
        for status in [201, 301, 400, 403, 404, 500] { #expect(reply(status, line) == "useless \(status)") }
    }
}
