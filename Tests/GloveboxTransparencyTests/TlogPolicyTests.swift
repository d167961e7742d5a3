import GloveboxCore
import GloveboxTransparency
import Testing

@Suite struct TlogPolicyTests {
    private let now = Instant(seconds: 1_750_000_000)
    private let log = "log \(Fixtures.logKey) https://log.datasite.example/\n"
    private let witness = "witness peer \(Fixtures.witnessKey)\n"

    private func open(_ policy: String, _ note: [UInt8] = Fixtures.note, at time: Instant? = nil) throws -> Checkpoint {
        try TlogPolicy(parsing: Array(policy.utf8)).open(note: note, now: time ?? now)
    }

    @Test func `accepts the specification's cosignature`() throws {
        for quorum in ["none", "peer", "g"] {
            let policy = "# trusted\n\(log)\t\n\(witness)group\tg 1 peer\nquorum \(quorum)"
            #expect(try open(policy).size == 8)
        }
    }

    @Test func `takes either key of a log that changed it, and no note with a wrong line of the other`() throws {
        let old = try Fixtures.signer()
        let new = try NoteSigner(name: old.key.name, seed: Array(repeating: 9, count: 32))
        let policy = "log \(new.key.vkey)\n" + log + "quorum none\n"
        let text = try SignedNote(parsing: Fixtures.note).text
        let lines = try [old, new].flatMap { try $0.sign(text).signatures }
        for signatures in [[lines[0]], [lines[1]], lines, lines.reversed()] {
            #expect(try open(policy, SignedNote(text: text, signatures: signatures).bytes).size == 8)
        }
        for wrong in [0, 1] {
            var signatures = lines
            signatures[wrong] = try [old, new][wrong].sign(text + [0x0a]).signatures[0]
            let note = SignedNote(text: text, signatures: signatures).bytes
            #expect(throws: GloveboxError("log.checkpoint-signature", "")) { try open(policy, note) }
        }
    }

    @Test func `refuses a missing, wrong or early cosignature`() throws {
        let policy = log + witness + "quorum peer\n"
        let alone = Array("\(Fixtures.text)\n\(Fixtures.logLine)\n".utf8)
        #expect(throws: GloveboxError("log.quorum", "")) { try open(policy, alone) }
        #expect(throws: GloveboxError("log.time-future", "")) { try open(policy, at: now.adding(seconds: -301)) }
        #expect(try open(policy, at: now.adding(seconds: -300)).size == 8)
        let line = Fixtures.witnessLine.replacing("2qvRZwAAAABoTuGA", with: "2qvRZwAAAABoTuGB")
        let forged = Array("\(Fixtures.text)\n\(Fixtures.logLine)\n\(line)\n".utf8)
        #expect(throws: GloveboxError("log.cosignature", "")) { try open(log + witness + "quorum none\n", forged) }
        #expect(try open(log + "quorum none\n", forged).size == 8)
    }

    @Test func `refuses a note of an unknown log`() throws {
        let stranger = try NoteSigner(name: "log.other.example", seed: Array(repeating: 9, count: 32))
        let policy = "log \(stranger.key.vkey)\nquorum none\n"
        #expect(throws: GloveboxError("log.key", "")) { try open(policy) }
    }

    @Test(arguments: [
        "quorum none\n", "LOG", "LOGWITquorum x\n", "LOGquorum none\nquorum none\n", "LOGLOGquorum none\n",
        "LOGWITWITquorum none\n", "LOGWITgroup g all peer peer\nquorum g\n", "LOGWITgroup g 2 peer\nquorum g\n",
        "LOGWITgroup g 0 peer\nquorum g\n", "LOGgroup g all peer\nWITquorum g\n",
        "LOGWITgroup peer any peer\nquorum none\n",
        "LOGWITgroup none any peer\nquorum none\n", "LOGpolicy x\nquorum none\n", "LOGWITgroup g any\nquorum none\n",
        "LOGWITgroup g some peer\nquorum g\n", "LOGquorum none extra\n", "LOG\u{e9} x\nquorum none\n",
        "LOGWITgroup g any peer\ngroup h any g peer\nquorum h\n",
    ])
    func `refuses policies of another form`(pattern: String) {
        let text = pattern.replacing("LOG", with: log).replacing("WIT", with: witness)
        #expect(throws: GloveboxError("log.policy", "")) { try TlogPolicy(parsing: Array(text.utf8)) }
    }

    @Test func `refuses a witness's key as a log, and the reverse`() {
        for text in ["log \(Fixtures.witnessKey)\nquorum none\n", "\(log)witness w \(Fixtures.logKey)\nquorum none\n"] {
            #expect(throws: GloveboxError("log.policy", "")) { try TlogPolicy(parsing: Array(text.utf8)) }
        }
    }
}
