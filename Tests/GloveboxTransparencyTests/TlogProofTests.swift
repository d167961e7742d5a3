import GloveboxCore
import GloveboxTransparency
import Testing

@Suite struct TlogProofTests {
    private let key: NoteKey
    private let proof: TlogProof

    init() throws {
        key = try NoteKey(vkey: Fixtures.logKey)
        proof = TlogProof(
            index: 5,
            hashes: try Fixtures.tree.inclusion(index: 5, size: 8),
            checkpoint: Fixtures.note
        )
    }

    @Test func `verifies the specification's entry, written and read back`() throws {
        let again = try TlogProof(parsing: proof.bytes)
        #expect(again.bytes == proof.bytes)
        #expect(try again.verify(entry: Fixtures.entries[5], log: key).size == 8)
    }

    @Test func `refuses another entry, index, path or checkpoint`() throws {
        #expect(Fixtures.code { _ = try proof.verify(entry: [1], log: key) } == "log.root-mismatch")
        let cases: [(UInt64, [Digest], [UInt8], String)] = [
            (4, proof.hashes, proof.checkpoint, "log.root-mismatch"), (8, proof.hashes, proof.checkpoint, "log.index"),
            (5, Array(proof.hashes.dropLast()), proof.checkpoint, "log.proof-length"),
            (
                5, proof.hashes, try Fixtures.sign("log.other.example\n8\n\(Base64.encode(Digest.zero.bytes))\n"),
                "log.origin"
            ),
        ]
        for (index, hashes, checkpoint, expected) in cases {
            let changed = TlogProof(index: index, hashes: hashes, checkpoint: checkpoint)
            #expect(Fixtures.code { _ = try changed.verify(entry: Fixtures.entries[5], log: key) } == expected)
        }
    }

    @Test func `passes over an extra line`() throws {
        let text = String(decoding: proof.bytes, as: UTF8.self)
        let header = "c2sp.org/tlog-proof@v1\n"
        let extra = header + "extra AAAA\n" + text.dropFirst(header.count)
        #expect(try TlogProof(parsing: Array(extra.utf8)).bytes == proof.bytes)
        let bad = header + "extra AAA\n" + text.dropFirst(header.count)
        #expect(throws: GloveboxError("log.proof-format", "")) { try TlogProof(parsing: Array(bad.utf8)) }
    }

    @Test(arguments: [
        ("index 5", "index 05"), ("index 5", "index +5"), ("index 5", "index 5 "), ("index 5", "Index 5"),
        ("index 5", "index"),
        ("index 5\n", "index 5\r\n"), ("tlog-proof@v1", "tlog-proof@v2"), ("index 5\n", ""),
        ("index 5\n", "index 5\n\u{20}\n"),
        ("\n\nlog.", "\nlog."), ("index 5\n", "index 5\nAAAA\n"),
    ])
    func `refuses other spellings`(from: String, to: String) throws {
        let text = String(decoding: proof.bytes, as: UTF8.self)
        let start = try #require(text.utf8.firstRange(of: from.utf8))
        let changed = Array(text.utf8[..<start.lowerBound]) + Array(to.utf8) + Array(text.utf8[start.upperBound...])
        #expect(throws: GloveboxError.self) {
            _ = try TlogProof(parsing: changed).verify(entry: Fixtures.entries[5], log: key)
        }
    }

    @Test func `reads at most 63 hashes`() {
        let long = TlogProof(index: 5, hashes: Array(repeating: .zero, count: 64), checkpoint: Fixtures.note)
        #expect(throws: GloveboxError("log.proof-length", "")) { try TlogProof(parsing: long.bytes) }
    }
}
