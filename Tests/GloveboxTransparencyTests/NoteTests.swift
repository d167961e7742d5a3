import GloveboxCore
import GloveboxTransparency
import Testing

@Suite struct NoteTests {
    @Test func `reads and writes keys as the specification does`() throws {
        let key = try NoteKey(vkey: Fixtures.logKey)
        #expect(key.vkey == Fixtures.logKey)
        #expect(Base64.encode(key.logID) == "BVKSr9tA6tOgIS0n+hxo70LePZFhaMG3BH5+PcsOOLU=")
        #expect(try Fixtures.signer().key == key)
        #expect(try NoteKey(vkey: Fixtures.witnessKey).kind == .witness)
        let secret = try Fixtures.signer().secretText
        #expect(
            secret == "PRIVATE+KEY+log.datasite.example+055292af+AQABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f"
        )
        #expect(try NoteSigner(parsing: secret).key == key)
    }

    @Test(arguments: [
        "log.datasite.example+055292ae+AQOhB7/zzhC+HXDdGOdLwJln5NYwm6UNXx3chmQSVTG4",
        "log.datasite.example+055292AF+AQOhB7/zzhC+HXDdGOdLwJln5NYwm6UNXx3chmQSVTG4",
        "log.datasite.exampl+055292af+AQOhB7/zzhC+HXDdGOdLwJln5NYwm6UNXx3chmQSVTG4",
        "log.datasite.example+055292af+AgOhB7/zzhC+HXDdGOdLwJln5NYwm6UNXx3chmQSVTG4",
        "log.datasite.example+055292af+AQOhB7/zzhC+HXDdGOdLwJln5NYwm6UNXx3chmQSVTG4=",
        "log datasite+055292af+AQOhB7/zzhC+HXDdGOdLwJln5NYwm6UNXx3chmQSVTG4", "+055292af+AQ", "log", "",
        "log.datasite.example+055292af+AQ==",
    ])
    func `refuses other spellings of keys`(vkey: String) {
        #expect(throws: GloveboxError("log.key", "")) { try NoteKey(vkey: vkey) }
    }

    @Test(arguments: [
        "0000000000000000000000000000000000000000000000000000000000000000",
        "0100000000000000000000000000000000000000000000000000000000000080",
        "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
        "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa",
    ])
    func `refuses keys of small order`(hex: String) throws {
        let bytes = try #require(Hex.decode(hex))
        #expect(throws: GloveboxError("log.key", "")) { try NoteKey(name: "log.example", publicKey: bytes) }
    }

    @Test func `reads the note of the specification and writes it back`() throws {
        let note = try SignedNote(parsing: Fixtures.note)
        #expect(note.bytes == Fixtures.note)
        #expect(note.signatures.map(\.name) == ["log.datasite.example", "witness.peer.example"])
        let own = try Fixtures.sign(Fixtures.text)
        #expect(own == Array("\(Fixtures.text)\n\(Fixtures.logLine)\n".utf8))
    }

    @Test(arguments: [
        "", "\n", "a\n", "a\n\n", "\n— a AAAAAAA=\n", "a\n\n— a AAAAAAA=", "a\n\n— a AAAAAAA=\r\n",
        "a\n\n- a AAAAAAA=\n",
        "a\n\n— a AAAAAAB=\n", "a\n\n— a+b AAAAAAA=\n", "a\n\n— a AAAAAAA\n", "a\n\n— a\u{85}b AAAAAAA=\n",
        "a\n\n— a AAAA\n", "a\n\n—  AAAAAAA=\n", "a\tb\n\n— a AAAAAAA=\n", "a\n\n— a AAAAAAA=\nb\n",
        "a\n\n— a AAAAAAA=\n— a AAAAAAE=\n", "a\n\n— a AAAAAAA= \n", "a\n\n— a  AAAAAAA=\n",
    ])
    func `refuses notes of another form`(text: String) {
        #expect(throws: GloveboxError("log.note-format", "")) { try SignedNote(parsing: Array(text.utf8)) }
    }

    @Test func `reads a hundred signature lines and no more`() throws {
        var text = "a\n\n"
        for index in 0..<100 { text += "— n\(index) AAAAAAA=\n" }
        #expect(try SignedNote(parsing: Array(text.utf8)).signatures.count == 100)
        text += "— n100 AAAAAAA=\n"
        #expect(throws: GloveboxError("log.note-format", "")) { try SignedNote(parsing: Array(text.utf8)) }
        #expect(throws: GloveboxError("log.note-format", "")) { try SignedNote(parsing: [0xff, 10, 10, 10]) }
    }

    @Test func `splits a note at the last blank line`() throws {
        let note = try SignedNote(parsing: Array("a\n\nb\n\n— a AAAAAAA=\n".utf8))
        #expect(note.text == Array("a\n\nb\n".utf8))
    }
}
