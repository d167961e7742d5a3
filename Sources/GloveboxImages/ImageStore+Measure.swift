package import GloveboxCore
package import GloveboxLinux
internal import Synchronization

extension ImageStore {
    private static let most = 8
    /// Copies made in this process: a job's image is hashed once and not for each job.
    private static let copies = Mutex<[(digest: Digest, file: Descriptor)]>([])

    /// The image's file, for a jail that may run this image and no other.
    ///
    /// It is hashed while it is copied to a file without a name, and the copy is what one gets, now and later in this
    /// process: nothing can be put in its place, and nobody has it open for writing. It takes as much room as the image
    /// on the store's disk.
    ///
    /// - Throws: `rootfs.mismatch` when the file is not the image, `image.io`.
    package func measured(_ image: StoredImage) throws(GloveboxError) -> Descriptor {
        let directory = directory
        return try Self.copies.withLock {
            (copies: inout [(digest: Digest, file: Descriptor)]) throws(GloveboxError) -> Descriptor in
            if let made = copies.first(where: { $0.digest == image.digest }) { return made.file }
            let (file, digest) = try StoreFiles.namelessCopy(image.path, in: "\(directory)/images")
            guard digest == image.digest else {
                throw GloveboxError(
                    "rootfs.mismatch",
                    "the image in the store is \(digest), the one asked for is \(image.digest)",
                    hint: "Remove \(Display.escape(image.path)) and add the image again."
                )
            }
            if copies.count == Self.most { copies.removeFirst() }
            copies.append((digest, file))
            return file
        }
    }
}
