import GloveboxCore
import GloveboxTransparency
import Testing

@testable import GloveboxSupervisor

/// What the board of witnesses tells those who watch a site.
@Suite struct WitnessFigureTests {
    @Test func `counts who cosigned the newest checkpoint, and remembers when the last line came`() throws {
        let signer = try NoteSigner.generate(name: "log.t.example")
        let line = try #require(try signer.sign(Array("x\n".utf8)).signatures.first)
        var board = WitnessBoard(policy: nil)
        #expect(board.newest == 0 && board.lastAt == nil)
        func take(_ size: UInt64, _ names: [String], at time: Int64) throws {
            let checkpoint = Checkpoint(origin: "log.t.example", size: size, root: .zero)
            let note = try SignedNote(parsing: checkpoint.signed(by: signer))
            board.take(checkpoint, note, lines: names.map { ($0, line) }, now: Instant(milliseconds: time))
        }
        try take(5, ["a", "b"], at: 1000)
        #expect(board.newest == 2 && board.lastAt == Instant(milliseconds: 1000))
        try take(9, [], at: 2000)
        #expect(board.newest == 2 && board.lastAt == Instant(milliseconds: 1000))
        try take(9, ["b"], at: 3000)
        #expect(board.newest == 1 && board.lastAt == Instant(milliseconds: 3000))
        try take(9, ["b", "a"], at: 4000)
        #expect(board.newest == 2 && board.lastAt == Instant(milliseconds: 4000))
    }
}
