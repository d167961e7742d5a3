package import GloveboxCore

/// One piece of what a supervisor and a node say to each other: a kind (1 byte), a length (u32, big-endian), then the bytes.
package struct LinkFrame: Sendable, Equatable {
    /// What the bytes are.
    package enum Kind: UInt8, Sendable, CaseIterable {
        /// Canonical JSON.
        case message = 1
        /// A piece of a file or of an archive.
        case data
        /// The end of those pieces; it has no bytes.
        case end
        /// What a program wrote to stdout.
        case out
        /// What a program wrote to stderr.
        case error

        /// Greatest length in bytes.
        package var limit: Int {
            switch self {
            case .message: 16 << 20
            case .data: 256 << 10
            case .end: 0
            case .out, .error: 64 << 10
            }
        }
    }

    package let kind: Kind
    package let bytes: [UInt8]

    /// Puts one together.
    package init(_ kind: Kind, _ bytes: [UInt8]) { (self.kind, self.bytes) = (kind, bytes) }

    /// What goes over the line.
    ///
    /// - Throws: `link.frame` for one that is too long.
    package func encoded() throws(GloveboxError) -> [UInt8] {
        guard bytes.count <= kind.limit else {
            throw GloveboxError("link.frame", "a frame of kind \(kind.rawValue) has more than \(kind.limit) bytes")
        }
        return [kind.rawValue] + (0..<4).map { UInt8(truncatingIfNeeded: bytes.count >> (24 - 8 * $0)) } + bytes
    }
}

/// Cuts frames out of bytes as they come; nothing is waited for that would be too long.
package struct FrameReader: Sendable {
    private var buffer: [UInt8] = []
    private var start = 0
    private static let head = 5

    /// A reader that has seen nothing.
    package init() {}

    /// Whether it stands in the middle of a frame.
    package var isInside: Bool { start < buffer.count }

    /// Takes in bytes.
    package mutating func add(_ bytes: [UInt8]) {
        if start > 0 {
            buffer.removeFirst(start)
            start = 0
        }
        buffer += bytes
    }

    /// The next frame; nil when more bytes are needed.
    ///
    /// - Throws: `link.frame` for an unknown kind, and for one that is too long.
    package mutating func next() throws(GloveboxError) -> LinkFrame? {
        guard buffer.count - start >= Self.head else { return nil }
        guard let kind = LinkFrame.Kind(rawValue: buffer[start]) else {
            throw GloveboxError("link.frame", "there is no frame of kind \(buffer[start])")
        }
        let length = buffer[start + 1..<start + Self.head].reduce(0) { $0 << 8 | Int($1) }
        guard length <= kind.limit else {
            throw GloveboxError("link.frame", "a frame of kind \(kind.rawValue) has more than \(kind.limit) bytes")
        }
        guard buffer.count - start - Self.head >= length else { return nil }
        let begin = start + Self.head
        start = begin + length
        return LinkFrame(kind, Array(buffer[begin..<start]))
    }
}
