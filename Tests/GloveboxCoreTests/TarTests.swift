import GloveboxCore
import Testing

@Suite struct TarTests {
    private static let long = String(repeating: "x", count: 90)

    @Test(arguments: ["checkpoint", "tile/entries/x001/000.p/3", "\(long)/\(long)", "\(long)/y/\(long)"])
    func `a header read back is what was written`(path: String) throws {
        var reader = TarReader()
        let header = try reader.header(TarWriter.header(path: path, bytes: 12345))
        #expect(header?.path == path && header?.bytes == 12345)
        #expect(try reader.header([UInt8](repeating: 0, count: 512)) == nil)
    }

    /// A changed header, and the code that refuses it.
    static let hostile: [(String, @Sendable (inout [UInt8]) -> Void)] = [
        ("archive.type", { $0[156] = UInt8(ascii: "2") }), ("archive.type", { $0[156] = UInt8(ascii: "1") }),
        ("archive.type", { $0[156] = UInt8(ascii: "5") }), ("archive.type", { $0[156] = UInt8(ascii: "3") }),
        ("archive.type", { $0[156] = UInt8(ascii: "x") }), ("archive.path", { $0[0] = UInt8(ascii: "/") }),
        ("archive.path", { $0.replaceSubrange(0..<3, with: Array("../".utf8)) }),
        ("archive.path", { $0.replaceSubrange(0..<3, with: Array("a//".utf8)) }),
        ("archive.path", { $0[0] = 0x1b }), ("archive.format", { $0[148] ^= 1 }), ("archive.format", { $0[103] ^= 1 }),
        ("archive.format", { $0[136] = UInt8(ascii: "1") }), ("archive.format", { $0[511] = 1 }),
        ("archive.limits", { $0.replaceSubrange(124..<135, with: Array("77777777777".utf8)) }),
    ]

    @Test(arguments: hostile.indices) func `refuses what an export never has`(number: Int) throws {
        let (code, change) = Self.hostile[number]
        var block = try TarWriter.header(path: "abcdef", bytes: 5)
        change(&block)
        var reader = TarReader()
        #expect(throws: GloveboxError(code, "")) { try reader.header(block) }
    }

    @Test func `refuses a file that stands twice, and a path no header can carry`() throws {
        var reader = TarReader()
        let block = try TarWriter.header(path: "a", bytes: 0)
        _ = try reader.header(block)
        #expect(throws: GloveboxError("archive.path", "")) { try reader.header(block) }
        for path in ["", "a b", "é", String(repeating: "x", count: 101)] {
            #expect(throws: GloveboxError("archive.path", "")) { try TarWriter.header(path: path, bytes: 0) }
        }
    }
}
