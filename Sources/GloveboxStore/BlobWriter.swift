internal import Crypto
package import GloveboxCore
internal import GloveboxTransparency

package import struct GloveboxCore.Digest

/// A blob that is being written; without ``finish()`` it leaves nothing.
///
/// One thread at a time: the type is not `Sendable`.
package final class BlobWriter {
    private let directory: Directory
    private let temporary: String
    private let file: OwnedFile
    private var hash = SHA256()
    private var finished = false
    /// Bytes written so far.
    package private(set) var count = 0

    init(_ directory: Directory) throws(GloveboxError) {
        self.directory = directory
        temporary = "\(directory.path)/\(Directory.temporaryName())"
        file = try OwnedFile(temporary, .create(permissions: 0o600))
    }

    /// Appends bytes.
    ///
    /// - Throws: `store.io`.
    package func write(_ bytes: [UInt8]) throws(GloveboxError) {
        try file.write(bytes, at: count)
        hash.update(data: bytes)
        count += bytes.count
    }

    /// Makes the blob durable under its digest.
    ///
    /// - Throws: `store.io`.
    package func finish() throws(GloveboxError) -> Digest {
        let digest = Digest(hash.finalize())
        try file.setPermissions(0o400)
        try file.sync()
        try directory.rename(temporary, to: digest.hex)
        finished = true
        return digest
    }

    deinit { if !finished { Directory.discard(temporary) } }
}
