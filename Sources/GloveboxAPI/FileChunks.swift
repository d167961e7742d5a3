internal import Glibc
internal import GloveboxCore
internal import NIOCore

/// The bytes of an open file in pieces of 256 KiB, from the beginning, whatever the descriptor's own offset is.
struct FileChunks: AsyncSequence, Sendable {
    typealias Element = ByteBuffer

    /// Open for reading; stays open.
    let descriptor: Int32

    struct Iterator: AsyncIteratorProtocol {
        let descriptor: Int32
        var offset: off_t = 0

        mutating func next() async throws -> ByteBuffer? {
            var buffer = ByteBufferAllocator().buffer(capacity: 262_144)
            let (descriptor, offset) = (descriptor, offset)
            let count = try unsafe buffer.writeWithUnsafeMutableBytes(minimumWritableBytes: 262_144) { room in
                while true {
                    let count = unsafe pread(descriptor, room.baseAddress, room.count, offset)
                    if count >= 0 { return count }
                    guard errno == EINTR else {
                        throw GloveboxError("input.io", "the upload cannot be read (errno \(errno))")
                    }
                }
            }
            self.offset += off_t(count)
            return count == 0 ? nil : buffer
        }
    }

    func makeAsyncIterator() -> Iterator { Iterator(descriptor: descriptor) }
}
