internal import Glibc
internal import GloveboxCore
internal import GloveboxLinux
internal import Synchronization

/// Content-addressed files: a name is the SHA-256 of what stands under it.
final class BlobStore: Sendable {
    private let directory: String
    /// Held while a file is written: two who keep the same bytes at once would write under one temporary name.
    private let writing = Mutex(())

    init(root: String) throws(GloveboxError) {
        directory = root + "/blobs"
        try StateFile.makeDirectory(directory)
    }

    private func path(_ digest: Digest) -> String { directory + "/" + digest.hex }

    /// Keeps bytes; their digest.
    func put(_ bytes: [UInt8]) throws(GloveboxError) -> Digest {
        let digest = Machine.sha256(bytes)
        try writing.withLock { _ throws(GloveboxError) in
            if !StateFile.exists(path(digest)) { try StateFile.write(bytes, to: path(digest)) }
        }
        return digest
    }

    /// Whether something is kept under a digest.
    func has(_ digest: Digest) -> Bool { StateFile.exists(path(digest)) }

    /// Removes what is kept under a digest, if anything is.
    func remove(_ digest: Digest) throws(GloveboxError) { try StateFile.remove(path(digest)) }

    /// Keeps an archive that was measured already; it is measured again as it is read.
    ///
    /// What is kept already counts as new, and is not read.
    func put(_ digest: Digest, _ read: () throws(GloveboxError) -> [UInt8]) throws(GloveboxError) {
        guard !has(digest) else {
            guard unsafe utimensat(AT_FDCWD, path(digest), nil, 0) == 0 else {
                throw SyscallError("utimensat", errno, path(digest)).coded("storage.write")
            }
            return
        }
        guard try put(read()) == digest else {
            throw GloveboxError("digest.mismatch", "the upload changed while it was read")
        }
    }

    /// Opens what is kept under a digest.
    ///
    /// The reader measures again: the name alone proves nothing.
    func open(_ digest: Digest) throws(GloveboxError) -> Descriptor {
        do { return try Descriptor.open(path(digest), O_RDONLY | O_NOFOLLOW) } catch {
            throw error.coded("storage.read")
        }
    }

    /// Reads what is kept under a digest and checks it.
    func get(_ digest: Digest) throws(GloveboxError) -> [UInt8] {
        let bytes = try StateFile.read(path(digest), limit: 300 << 20)
        guard Machine.sha256(bytes) == digest else {
            throw GloveboxError("digest.mismatch", "the stored bytes are not those named \(digest)")
        }
        return bytes
    }
}
