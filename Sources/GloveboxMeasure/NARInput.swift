internal import GloveboxCore

/// The strings of a Nix archive, read one after the other with every length checked before anything is kept.
struct NARInput<Source: ByteSource> {
    private var source: Source
    private var buffer = [UInt8](repeating: 0, count: 1 << 18)
    private var start = 0
    private var end = 0
    /// Bytes consumed so far, for messages.
    private(set) var offset: Int64 = 0

    init(_ source: Source) { self.source = source }

    /// Reads a string that must be one of the archive's own words.
    mutating func expect(_ word: StaticString) throws(GloveboxError) {
        let found = try string(atMost: word.utf8CodeUnitCount, code: "upload.rejected")
        guard found.elementsEqual(word.description.utf8) else { throw malformed("expected '\(word)'") }
    }

    /// Reads a string of limited length; a longer one is refused with the given code.
    mutating func string(atMost limit: Int, code: String = "code.limits") throws(GloveboxError) -> [UInt8] {
        let count = try length()
        guard count <= Int64(limit) else {
            throw GloveboxError(code, "a string of \(count) bytes at byte \(offset) where \(limit) are allowed")
        }
        var bytes: [UInt8] = []
        while bytes.count < Int(count) { bytes += try piece(atMost: Int(count) - bytes.count) }
        try padding(after: count)
        return bytes
    }

    /// Reads a length.
    mutating func length() throws(GloveboxError) -> Int64 {
        var value: UInt64 = 0
        for shift in 0..<8 { value |= UInt64(try byte()) << UInt64(shift * 8) }
        guard let length = Int64(exactly: value) else { throw malformed("a length is beyond any file") }
        return length
    }

    /// Reads the bytes of a file, piece by piece, and the padding after them.
    mutating func contents(_ size: Int64, into sink: inout some TreeSink) throws(GloveboxError) {
        var left = size
        while left > 0 {
            let bytes = try piece(atMost: Int(min(left, Int64(buffer.count))))
            left -= Int64(bytes.count)
            try sink.chunk(bytes)
        }
        try padding(after: size)
    }

    /// Requires that nothing follows.
    mutating func finish() throws(GloveboxError) {
        guard start == end, try source.read(into: &buffer) == 0 else { throw malformed("bytes follow the archive") }
    }

    /// An error that says where.
    func malformed(_ what: String) -> GloveboxError {
        GloveboxError("upload.rejected", "no canonical archive at byte \(offset): \(what)")
    }

    private mutating func padding(after count: Int64) throws(GloveboxError) {
        for _ in NAR.padding(count) {
            guard try byte() == 0 else { throw malformed("padding is not zero") }
        }
    }

    private mutating func byte() throws(GloveboxError) -> UInt8 {
        try fill()
        defer {
            start += 1
            offset += 1
        }
        return buffer[start]
    }

    private mutating func piece(atMost count: Int) throws(GloveboxError) -> ArraySlice<UInt8> {
        try fill()
        let bytes = buffer[start..<min(end, start + count)]
        start += bytes.count
        offset += Int64(bytes.count)
        return bytes
    }

    private mutating func fill() throws(GloveboxError) {
        guard start == end else { return }
        start = 0
        end = try source.read(into: &buffer)
        guard end > 0 else { throw malformed("it ends too early") }
    }
}
