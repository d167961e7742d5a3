package import GloveboxCore

extension ImageStore {
    /// The directory that holds the image's tree; unpacked from the file on first use, and whole or not there at all.
    ///
    /// - Throws: `image.tool`, `image.tool-missing`, `image.io`.
    package func unpacked(_ image: StoredImage, from file: String) throws(GloveboxError) -> String {
        let target = "\(directory)/unpacked/\(image.digest.hex)"
        if try StoreFiles.exists(target) { return target }
        let temporary = try StoreFiles.makeTemporary(in: "\(directory)/unpacked")
        let tree = "\(temporary)/tree"
        do throws(GloveboxError) {
            switch ImageFormat(rawValue: image.format) {
            case .squashfs: try Tool("unsquashfs").run(["-quiet", "-no-xattrs", "-dest", tree, file])
            default:
                try StoreFiles.makeDirectory(tree)
                try Tool("fsck.erofs").run(["--extract=\(tree)", file])
            }
            do { try StoreFiles.rename(tree, to: target) } catch {
                // Another process may have been faster; its tree is the same.
                guard try StoreFiles.exists(target) else { throw error }
            }
        } catch {
            try Tool.removeTree(temporary)
            throw error
        }
        try Tool.removeTree(temporary)
        return target
    }
}
