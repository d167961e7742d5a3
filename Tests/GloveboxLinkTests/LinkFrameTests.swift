import GloveboxCore
import GloveboxLink
import GloveboxLinux
import Testing

struct LinkFrameTests {
    private static let frames = [
        LinkFrame(.message, Array("{}".utf8)), LinkFrame(.data, [UInt8](repeating: 7, count: 256 << 10)),
        LinkFrame(.end, []), LinkFrame(.out, [1]), LinkFrame(.error, []),
    ]

    @Test(arguments: [1, 2, 3, 5, 7, 4096, 1 << 20])
    func `frames come out as they went in, in pieces of any size`(size: Int) throws {
        let bytes = try Self.frames.flatMap { try $0.encoded() }
        var reader = FrameReader()
        var read: [LinkFrame] = []
        for start in stride(from: 0, to: bytes.count, by: size) {
            reader.add(Array(bytes[start..<min(start + size, bytes.count)]))
            while let frame = try reader.next() { read.append(frame) }
        }
        #expect(read == Self.frames)
        #expect(!reader.isInside)
    }

    @Test(arguments: LinkFrame.Kind.allCases)
    func `a frame that is too long is refused by its head, before it is waited for`(kind: LinkFrame.Kind) throws {
        let length = kind.limit + 1
        let head = [kind.rawValue] + (0..<4).map { UInt8(truncatingIfNeeded: length >> (24 - 8 * $0)) }
        var reader = FrameReader()
        reader.add(head)
        #expect(throws: GloveboxError("link.frame", "")) { try reader.next() }
        #expect(throws: GloveboxError("link.frame", "")) {
            try LinkFrame(kind, [UInt8](repeating: 0, count: length)).encoded()
        }
    }

    @Test func `bytes of any kind make frames within their limits, or an error, and never more`() throws {
        var generator = SystemRandomNumberGenerator()
        var refused = 0
        for _ in 0..<20_000 {
            var bytes = (0..<Int.random(in: 0...40, using: &generator)).map { _ in
                UInt8.random(in: 0...255, using: &generator)
            }
            // Often near what is right.
            if Bool.random(using: &generator), bytes.count > 5 {
                (bytes[0], bytes[1], bytes[2], bytes[3]) = (1, 0, 0, 0)
            }
            var reader = FrameReader()
            reader.add(bytes)
            do {
                var used = 0
                while let frame = try reader.next() {
                    used += frame.bytes.count + 5
                    #expect(frame.bytes.count <= frame.kind.limit)
                }
                #expect(used <= bytes.count)
            } catch {
                #expect(error.code == "link.frame")
                refused += 1
            }
        }
        #expect(refused > 0)
    }

    @Test func `a connection that ends inside a frame is lost, and one that ends between two is closed`() throws {
        for (bytes, isWhole) in [([UInt8](), true), ([2, 0, 0, 0, 3, 1], false)] {
            let (near, far) = try Descriptor.socketPair(stream: true)
            try far.send(bytes)
            try far.shutDownWriting()
            let link = LinkSocket(near)
            if isWhole {
                guard case .closed = try link.wait() else { throw GloveboxError("test", "not closed") }
            } else {
                #expect(throws: LinkSocket.lost) { try link.wait() }
            }
            withExtendedLifetime(far) {}
        }
    }
}
