internal import Crypto
package import GloveboxCore

package import struct GloveboxCore.Digest

/// Files named by the SHA-256 of their bytes: archives of code and released bundles.
package struct BlobStore: Sendable {
    private let directory: Directory

    /// Opens the store, and makes its directory when it is missing.
    ///
    /// - Throws: `store.io`.
    package init(_ path: String) throws(GloveboxError) {
        directory = Directory(path)
        try directory.make()
        try directory.removeTemporaries()
    }

    /// Starts a new blob.
    ///
    /// - Throws: `store.io`.
    package func writer() throws(GloveboxError) -> BlobWriter { try BlobWriter(directory) }

    /// Stores bytes and returns their digest.
    ///
    /// - Throws: `store.io`.
    @discardableResult
    package func put(_ bytes: [UInt8]) throws(GloveboxError) -> Digest {
        let writer = try writer()
        try writer.write(bytes)
        return try writer.finish()
    }

    /// Whether the blob is there.
    ///
    /// - Throws: `store.io`.
    package func contains(_ digest: Digest) throws(GloveboxError) -> Bool { try Directory.exists(path(digest)) }

    /// Where the blob lies.
    package func path(_ digest: Digest) -> String { "\(directory.path)/\(digest.hex)" }

    /// Opens a blob for reading.
    ///
    /// Its bytes are not checked yet.
    ///
    /// - Throws: `blob.missing`, `store.io`.
    package func open(_ digest: Digest) throws(GloveboxError) -> OwnedFile {
        guard try contains(digest) else {
            throw GloveboxError("blob.missing", "blob \(digest.hex) is not in the store")
        }
        return try OwnedFile(path(digest), .read)
    }

    /// Reads a blob chunk by chunk, and checks at the end that the bytes were those of its name.
    ///
    /// - Throws: `blob.missing`; `blob.changed` after the last chunk when the bytes have changed; `store.io`; what the
    ///   closure throws.
    package func read(
        _ digest: Digest,
        chunk: Int = 1 << 18,
        _ visit: ([UInt8]) throws(GloveboxError) -> Void
    ) throws(GloveboxError) {
        let file = try open(digest)
        var hash = SHA256()
        var offset = 0
        while true {
            let bytes = try file.read(at: offset, count: chunk)
            if bytes.isEmpty { break }
            hash.update(data: bytes)
            offset += bytes.count
            try visit(bytes)
        }
        guard Array(hash.finalize()) == digest.bytes else {
            throw GloveboxError("blob.changed", "blob \(digest.hex) has changed on disk")
        }
    }

    /// Reads a whole blob.
    ///
    /// - Throws: `blob.missing`, `blob.changed`, `blob.too-large`, `store.io`.
    package func get(_ digest: Digest, maxBytes: Int = 64 << 20) throws(GloveboxError) -> [UInt8] {
        guard try open(digest).status().size <= maxBytes else {
            throw GloveboxError("blob.too-large", "blob \(digest.hex) has more than \(maxBytes) bytes")
        }
        var out: [UInt8] = []
        try read(digest) { bytes throws(GloveboxError) in out += bytes }
        return out
    }

    /// Removes a blob; one that is not there is no error.
    ///
    /// - Throws: `store.io`.
    package func remove(_ digest: Digest) throws(GloveboxError) {
        guard try contains(digest) else { return }
        try Directory.remove(path(digest))
        try directory.sync()
    }
}
