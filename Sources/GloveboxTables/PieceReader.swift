package import GloveboxCore

/// Reads what ``ByteWriter`` writes from bytes that come in pieces; it holds one piece, and what one value needs of the next.
package struct PieceReader {
    private let next: () throws(GloveboxError) -> [UInt8]
    private var piece: [UInt8] = []
    private var at = 0

    /// Starts on the first byte; `next` gives the next piece, empty at the end.
    package init(_ next: @escaping () throws(GloveboxError) -> [UInt8]) { self.next = next }

    /// The same with a source that says nil when it cannot be read.
    package init(reading next: @escaping () -> [UInt8]?) {
        self.init { () throws(GloveboxError) in
            guard let piece = next() else { throw ByteReader.invalid }
            return piece
        }
    }

    /// Whether nothing follows.
    ///
    /// - Throws: what the source throws.
    package mutating func isAtEnd() throws(GloveboxError) -> Bool {
        if at < piece.count { return false }
        (piece, at) = (try next(), 0)
        return piece.isEmpty
    }

    /// Takes bytes.
    ///
    /// - Throws: `format.bytes` at the end, and what the source throws.
    package mutating func take(_ count: Int) throws(GloveboxError) -> ArraySlice<UInt8> {
        if count > piece.count - at {
            piece.removeFirst(at)
            at = 0
            while piece.count < count {
                let more = try next()
                guard !more.isEmpty else { throw ByteReader.invalid }
                piece += more
            }
        }
        defer { at += count }
        return piece[at..<at + count]
    }

    /// One byte.
    ///
    /// - Throws: as ``take(_:)``.
    package mutating func u8() throws(GloveboxError) -> UInt8 { try integers(UInt8.self, 1)[0] }

    /// Four bytes.
    ///
    /// - Throws: as ``take(_:)``.
    package mutating func u32() throws(GloveboxError) -> Int { Int(try integers(UInt32.self, 1)[0]) }

    /// A length byte and that much UTF-8.
    ///
    /// - Throws: as ``take(_:)``.
    package mutating func text() throws(GloveboxError) -> String {
        let count = Int(try u8())
        guard let text = String(validating: try take(count), as: UTF8.self) else { throw ByteReader.invalid }
        return text
    }

    /// Big-endian integers, one after the other.
    ///
    /// - Throws: as ``take(_:)``.
    package mutating func integers<I: FixedWidthInteger>(_: I.Type, _ count: Int) throws(GloveboxError) -> [I] {
        let width = I.bitWidth / 8
        return unsafe try take(count * width).withUnsafeBytes { bytes in
            (0..<count).map { I(bigEndian: unsafe bytes.loadUnaligned(fromByteOffset: $0 * width, as: I.self)) }
        }
    }
}
