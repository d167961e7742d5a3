import GloveboxCore
import GloveboxTransparency
import Testing

@Suite struct CheckpointTests {
    private let key: NoteKey

    init() throws { key = try NoteKey(vkey: Fixtures.logKey) }

    @Test func `opens the checkpoint of the specification, with the witness's line in place`() throws {
        let checkpoint = try Checkpoint.open(note: Fixtures.note, key: key)
        #expect(checkpoint.origin == "log.datasite.example")
        #expect(checkpoint.size == 8)
        #expect(checkpoint.root.hex == Fixtures.roots[8])
        #expect(checkpoint.text == Array(Fixtures.text.utf8))
        let signed = try checkpoint.signed(by: Fixtures.signer())
        #expect(try Checkpoint.open(note: signed, key: key) == checkpoint)
    }

    @Test(arguments: [
        ("log.datasite.example\n08\nXcnaeacGWamtVZy3Ad7ZoqudgjqtL0lgz+Nw7/RgQyg=\n", "log.size"),
        ("log.datasite.example\n+8\nXcnaeacGWamtVZy3Ad7ZoqudgjqtL0lgz+Nw7/RgQyg=\n", "log.size"),
        ("log.datasite.example\n-8\nXcnaeacGWamtVZy3Ad7ZoqudgjqtL0lgz+Nw7/RgQyg=\n", "log.size"),
        ("log.datasite.example\n\nXcnaeacGWamtVZy3Ad7ZoqudgjqtL0lgz+Nw7/RgQyg=\n", "log.size"),
        ("log.datasite.example\n9223372036854775808\nXcnaeacGWamtVZy3Ad7ZoqudgjqtL0lgz+Nw7/RgQyg=\n", "log.size"),
        ("log.datasite.example\n99999999999999999999\nXcnaeacGWamtVZy3Ad7ZoqudgjqtL0lgz+Nw7/RgQyg=\n", "log.size"),
        ("log.datasite.example\n8\nXcnaeacGWamtVZy3Ad7ZoqudgjqtL0lgz+Nw7/RgQyh=\n", "log.note-format"),
        ("log.datasite.example\n8\nXcnaeacGWamtVZy3Ad7ZoqudgjqtL0lgz+Nw7/RgQw==\n", "log.note-format"),
        ("log.datasite.example\n8\n\n", "log.note-format"),
        (
            "log.datasite.example\n8\n5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328\n",
            "log.note-format"
        ),
        ("log.datasite.example\n8\nXcnaeacGWamtVZy3Ad7ZoqudgjqtL0lgz+Nw7/RgQyg=\nextension\n", "log.note-format"),
        ("log.datasite.example\n8\nXcnaeacGWamtVZy3Ad7ZoqudgjqtL0lgz+Nw7/RgQyg=\n\nx\n", "log.note-format"),
        ("log.datasite.example\n0\nXcnaeacGWamtVZy3Ad7ZoqudgjqtL0lgz+Nw7/RgQyg=\n", "log.root-mismatch"),
        ("log.other.example\n8\nXcnaeacGWamtVZy3Ad7ZoqudgjqtL0lgz+Nw7/RgQyg=\n", "log.origin"),
        ("log.datasite.example \n8\nXcnaeacGWamtVZy3Ad7ZoqudgjqtL0lgz+Nw7/RgQyg=\n", "log.note-format"),
    ])
    func `refuses signed texts of another form`(text: String, code: String) throws {
        let note = try Fixtures.sign(text)
        #expect(throws: GloveboxError(code, "")) { try Checkpoint.open(note: note, key: key) }
    }

    @Test func `opens the empty log`() throws {
        let empty = Checkpoint(origin: key.name, size: 0, root: MerkleHash.emptyRoot)
        #expect(try Checkpoint.open(note: empty.signed(by: Fixtures.signer()), key: key) == empty)
    }

    @Test func `refuses every changed byte`() throws {
        let note = Array("\(Fixtures.text)\n\(Fixtures.logLine)\n".utf8)
        for index in note.indices {
            var changed = note
            changed[index] ^= 1
            #expect(throws: GloveboxError.self) { try Checkpoint.open(note: changed, key: key) }
        }
    }

    @Test func `what was verified once is as good as before under its key alone, byte for byte`() throws {
        let note = Array("\(Fixtures.text)\n\(Fixtures.logLine)\n".utf8)
        // More than are remembered.
        for round in 0..<100 {
            let size = UInt64(round + 1)
            let other = Checkpoint(origin: key.name, size: size, root: MerkleHash.leaf([UInt8(round)]))
            for _ in 0..<2 {
                #expect(try Checkpoint.open(note: other.signed(by: Fixtures.signer()), key: key).size == size)
                #expect(try Checkpoint.open(note: note, key: key).size == 8)
            }
        }
        // The same signature of the same text, said to be another key's.
        let other = try NoteSigner(name: key.name, seed: Array(1...32)).key
        let line = try Base64.encode(other.keyID + SignedNote(parsing: note).signatures[0].bytes)
        let claimed = Array("\(Fixtures.text)\n— \(key.name) \(line)\n".utf8)
        #expect(throws: GloveboxError("log.checkpoint-signature", "")) {
            try Checkpoint.open(note: claimed, key: other)
        }
        for index in note.indices {
            var changed = note
            changed[index] ^= 1
            #expect(throws: GloveboxError.self) { try Checkpoint.open(note: changed, key: key) }
        }
    }

    @Test func `refuses a signature with S beyond the group order, and other lengths`() throws {
        let note = try SignedNote(parsing: Fixtures.note)
        var bytes = note.signatures[0].bytes
        // The group order, little-endian.
        let order = try #require(Hex.decode("edd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010"))
        var carry = 0
        for index in 0..<32 {
            let sum = Int(bytes[32 + index]) + Int(order[index]) + carry
            bytes[32 + index] = UInt8(sum & 255)
            carry = sum >> 8
        }
        for wrong in [bytes, note.signatures[0].bytes + [0], Array(note.signatures[0].bytes.dropLast())] {
            let line = "— log.datasite.example \(Base64.encode(key.keyID + wrong))\n"
            let forged = Array("\(Fixtures.text)\n\(line)".utf8)
            #expect(throws: GloveboxError("log.checkpoint-signature", "")) {
                try Checkpoint.open(note: forged, key: key)
            }
        }
    }

    @Test func `refuses a note without the log's line, and a witness as log`() throws {
        let other = try NoteKey(vkey: Fixtures.witnessKey)
        #expect(throws: GloveboxError("log.key", "")) { try Checkpoint.open(note: Fixtures.note, key: other) }
        let lonely = Array("\(Fixtures.text)\n\(Fixtures.witnessLine)\n".utf8)
        #expect(throws: GloveboxError("log.checkpoint-signature", "")) { try Checkpoint.open(note: lonely, key: key) }
        let stranger = Checkpoint(origin: "log.other.example", size: 0, root: MerkleHash.emptyRoot)
        #expect(throws: GloveboxError("log.origin", "")) { try stranger.signed(by: Fixtures.signer()) }
    }
}
