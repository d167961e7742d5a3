internal import Glibc
package import GloveboxCore

/// Where bytes come from.
package protocol ByteSource {
    /// Puts the next bytes at the start of the buffer.
    ///
    /// - Returns: how many there were; 0 at the end, and never more than the buffer holds.
    mutating func read(into buffer: inout [UInt8]) throws(GloveboxError) -> Int
}

/// Where bytes go.
package protocol ByteOutput {
    /// Takes the next bytes, all of them.
    mutating func write(_ bytes: ArraySlice<UInt8>) throws(GloveboxError)
}

/// Reads from and writes to a descriptor that somebody else owns.
package struct DescriptorStream: ByteSource, ByteOutput {
    private let descriptor: Int32

    /// Borrows a descriptor; the owner keeps it open for as long as this is used.
    package init(borrowing descriptor: Int32) { self.descriptor = descriptor }

    package mutating func read(into buffer: inout [UInt8]) throws(GloveboxError) -> Int {
        while true {
            let count = unsafe buffer.withUnsafeMutableBytes { unsafe Glibc.read(descriptor, $0.baseAddress, $0.count) }
            if count >= 0 { return count }
            guard errno == EINTR else { throw System.failure("cannot read") }
        }
    }

    package mutating func write(_ bytes: ArraySlice<UInt8>) throws(GloveboxError) {
        var rest = bytes
        while !rest.isEmpty {
            let count = unsafe rest.withUnsafeBytes { unsafe Glibc.write(descriptor, $0.baseAddress, $0.count) }
            if count >= 0 {
                rest = rest.dropFirst(count)
            } else if errno != EINTR {
                throw System.failure("cannot write")
            }
        }
    }
}

/// Bytes that are all at hand already, or are kept as they come.
package struct ByteArray: ByteSource, ByteOutput {
    /// The bytes that were not read yet.
    package private(set) var bytes: ArraySlice<UInt8>

    /// Starts with these bytes.
    package init(_ bytes: [UInt8] = []) { self.bytes = bytes[...] }

    package mutating func read(into buffer: inout [UInt8]) throws(GloveboxError) -> Int {
        let piece = bytes.prefix(buffer.count)
        buffer.replaceSubrange(0..<piece.count, with: piece)
        bytes = bytes.dropFirst(piece.count)
        return piece.count
    }

    package mutating func write(_ more: ArraySlice<UInt8>) { bytes += more }
}
