import GloveboxCore
import GloveboxTables
import Testing

@Suite struct PNGTests {
    /// Bytes of a PNG put together by hand: stored blocks, so that nothing of the writer is needed.
    struct Picture {
        var width = 2
        var height = 2
        var depth: UInt8 = 8
        var colour: UInt8 = 2
        var interlace: UInt8 = 0
        var raw: [UInt8] = [0, 255, 255, 255, 0, 0, 0] + [0, 192, 192, 192, 0, 114, 178]
        var palette: [UInt8]?
        var before: [(String, [UInt8])] = []
        var after: [(String, [UInt8])] = []
        var tail: [UInt8] = []
        var brokenChunk: String?

        var bytes: [UInt8] {
            var out: [UInt8] = [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]
            func chunk(_ type: String, _ body: [UInt8]) {
                let named = Array(type.utf8) + body
                var sum = Self.crc(named)
                if type == brokenChunk { sum ^= 1 }
                out += Self.big(UInt32(body.count)) + named + Self.big(sum)
            }
            chunk("IHDR", Self.big(UInt32(width)) + Self.big(UInt32(height)) + [depth, colour, 0, 0, interlace])
            if let palette { chunk("PLTE", palette) }
            for (type, body) in before { chunk(type, body) }
            chunk("IDAT", Self.stored(raw))
            for (type, body) in after { chunk(type, body) }
            chunk("IEND", [])
            return out + tail
        }

        static func big(_ value: UInt32) -> [UInt8] { [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: value >> $0) } }

        static func stored(_ raw: [UInt8]) -> [UInt8] {
            let length = UInt16(raw.count)
            let size = [UInt8(truncatingIfNeeded: length), UInt8(length >> 8)]
            var (a, b): (UInt32, UInt32) = (1, 0)
            for byte in raw {
                a = (a + UInt32(byte)) % 65521
                b = (b + a) % 65521
            }
            return [0x78, 0x01, 1] + size + size.map { ~$0 } + raw + big(b << 16 | a)
        }

        static func crc(_ bytes: [UInt8]) -> UInt32 {
            var sum = UInt32.max
            for byte in bytes {
                sum ^= UInt32(byte)
                for _ in 0..<8 { sum = sum >> 1 ^ (sum & 1 == 1 ? 0xedb8_8320 : 0) }
            }
            return ~sum
        }
    }

    private func canonical(_ picture: Picture) throws -> [UInt8] {
        PNGWriter.write(try PNGReader.read(picture.bytes, maxPixels: 100))
    }

    @Test func `reads the picture and reduces it to the palette`() throws {
        let figure = try PNGReader.read(Picture().bytes, maxPixels: 4)
        #expect(figure == CheckedFigure(width: 2, height: 2, pixels: [0, 1, 2, 4]))
        #expect(FigurePalette.nearest(250, 250, 250) == 0 && FigurePalette.nearest(0, 0, 40) == 1)
        #expect(FigurePalette.nearest(0, 114, 178, count: 4) == 3, "a policy may allow fewer colours")
    }

    @Test func `equal pictures are the same bytes, whatever the job hid around them`() throws {
        let plain = try canonical(Picture())
        var hidden = Picture()
        hidden.before = [("tEXt", Array("Comment\0row 17: 44,1".utf8)), ("gAMA", [0, 1, 0, 0])]
        hidden.after = [("tIME", [7, 234, 1, 1, 0, 0, 0])]
        hidden.tail = Array("PK secret".utf8)
        hidden.raw += Array("more secrets".utf8)
        #expect(try canonical(hidden) == plain)
        let found = try PNGReader.read(hidden.bytes, maxPixels: 4).dropped
        #expect(found.words.count == 3)
        // A difference that no eye sees, and the same pixels as RGBA, as a palette, and with other row filters.
        var near = Picture()
        near.raw = [0, 254, 255, 253, 1, 0, 2] + [0, 193, 192, 191, 1, 113, 179]
        var alpha = Picture()
        (alpha.colour, alpha.raw) = (6, [0, 9, 9, 9, 0, 0, 0, 0, 255] + [0, 192, 192, 192, 255, 0, 114, 178, 255])
        var indexed = Picture()
        indexed.palette = [0, 114, 178, 192, 192, 192, 0, 0, 0, 255, 255, 255]
        (indexed.colour, indexed.raw) = (3, [0, 3, 2, 0, 1, 0])
        var filtered = Picture()
        filtered.raw = [1, 255, 255, 255, 1, 1, 1] + [2, 193, 193, 193, 0, 114, 178]
        for other in [near, alpha, indexed, filtered] { #expect(try canonical(other) == plain) }
    }

    @Test func `what is written reads back, of any size`() throws {
        for (width, height) in [(1, 1), (2, 1), (3, 5), (17, 33), (800, 3), (259, 70)] {
            for style in 0..<3 {
                let pixels = (0..<width * height).map { index -> UInt8 in
                    switch style {
                    case 0: UInt8.random(in: 0..<16)
                    case 1: UInt8(index / 40 % 16)
                    default: 0
                    }
                }
                let figure = CheckedFigure(width: width, height: height, pixels: pixels)
                let bytes = PNGWriter.write(figure)
                // The reader takes eight bits a pixel only, so the four-bit form is read with a decoder of others.
                #expect(Unpacked(bytes)?.figure == figure, "\(width) x \(height), style \(style)")
            }
        }
        let blank = PNGWriter.write(CheckedFigure(width: 800, height: 600, pixels: .init(repeating: 0, count: 480_000)))
        #expect(blank.count < 3000)
    }

    private typealias Change = @Sendable (inout Picture) -> Void

    private static let damages: [(FileFault, Change)] = [
        (.header, { $0.depth = 16 }), (.header, { $0.interlace = 1 }), (.header, { $0.colour = 4 }),
        (.tooManyPixels, { $0.width = 0 }), (.tooManyPixels, { ($0.width, $0.height) = (1 << 31, 1 << 31) }),
        (.tooManyPixels, { $0.height = 51 }), (.compression, { $0.height = 3 }), (.rowFilter, { $0.raw[0] = 5 }),
        (.chunk, { $0.before = [("ABCD", [])] }), (.chunk, { $0.before = [("IHDR", [])] }),
        (.chunk, { $0.before = [("1BCD", [])] }), (.checksum, { $0.brokenChunk = "IDAT" }),
        (.chunk, { $0.after = [("tIME", []), ("IDAT", [])] }), (.palette, { $0.colour = 3 }),
        (.palette, { $0.palette = [1, 2] }),
        (.palette, { ($0.colour, $0.palette, $0.raw) = (3, [0, 0, 0], [0, 0, 0, 0, 0, 1]) }),
    ]

    @Test(arguments: damages.indices) func `refuses what is damaged or asks for more`(index: Int) {
        let (fault, change) = Self.damages[index]
        var picture = Picture()
        change(&picture)
        #expect(throws: fault) { try PNGReader.read(picture.bytes, maxPixels: 100) }
        #expect(!fault.message.isEmpty)
    }

    @Test func `every shortened file is refused, and a changed one never traps`() {
        let bytes = Picture().bytes
        for count in 0..<bytes.count {
            #expect(throws: FileFault.self) { try PNGReader.read(Array(bytes[..<count]), maxPixels: 100) }
        }
        for index in bytes.indices {
            var damaged = bytes
            damaged[index] ^= 0x41
            _ = try? PNGReader.read(damaged, maxPixels: 100)
        }
    }

    @Test func `an inflated bomb stops at the size of the picture`() throws {
        var bomb = Picture()
        bomb.raw += [UInt8](repeating: 0, count: 60_000)
        #expect(try PNGReader.read(bomb.bytes, maxPixels: 4).pixels.count == 4)
    }
}
