import Testing

@testable import GloveboxLinux

@Suite struct ProgramPagesTests {
    @Test(
        arguments: [
            ("1000-3000 r-xp 00000000 fe:00 5318723                    /bin/x", UInt(0x1000)..<0x3000),
            ("1000-3000 rw-p 00000000 fe:00 5318723                    /bin/x", nil),
            ("1000-3000 r--p 00000000 fe:00 5318723                    /bin/x", nil),
            ("1000-3000 rwxp 00000000 fe:00 5318723                    /bin/x", nil),
            ("1000-3000 r-xs 00000000 fe:00 5318723                    /bin/x", nil),
            ("1000-3000 r-xp 00000000 fe:00 5318723                    /bin/xy", nil),
            ("1000-3000 r-xp 00000000 fe:00 5318723                    /bin/x (deleted)", nil),
            ("3000-1000 r-xp 00000000 fe:00 5318723                    /bin/x", nil), ("1000-3000 r-xp 0 0 0", nil),
            ("", nil),
        ] as [(String, Range<UInt>?)]
    )
    func `code of the program that nobody can write to is told from everything else`(line: String, range: Range<UInt>?)
    {
        #expect(ProgramPages.code(of: "/bin/x", in: line[...]) == range)
    }

    @Test func `a program runs on when its code was given back`() throws {
        for _ in 0..<3 {
            try ProgramPages.release()
            #expect((1...100).map { String($0) }.joined().utf8.count == 192)
        }
    }
}
