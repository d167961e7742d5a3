package import GloveboxCore

/// Makes images: from recipes, directories and tar archives.
///
/// The same packages give the same bytes.
package enum ImageBuilder {
    /// Builds the image of a recipe and points the recipe's name at it.
    ///
    /// Where the packages are not those of `lock.json`, the changes are told and the lock is rewritten.
    ///
    /// - Parameters:
    ///   - directory: holds `recipe.json`, and `lock.json` once it was built.
    ///   - store: takes the image.
    ///   - name: another name than the recipe's.
    ///   - locked: refuse packages other than those of the lock.
    ///   - progress: told what goes on, a line at a time.
    /// - Returns: the image as it is now kept.
    /// - Throws: `image.lock`, `image.recipe`, `image.tool`, `image.tool-missing`, `image.sources`, `image.io`.
    package static func build(
        recipe directory: String,
        store: ImageStore,
        name: String? = nil,
        locked: Bool,
        progress: (String) -> Void
    ) throws(GloveboxError) -> StoredImage {
        let recipe = try ImageRecipe(try StoreFiles.read("\(directory)/recipe.json", limit: 1 << 20))
        let path = "\(directory)/lock.json"
        let lock = try StoreFiles.exists(path) ? try ImageLock(try StoreFiles.read(path, limit: 1 << 24)) : nil
        guard lock != nil || !locked else { throw GloveboxError("image.lock", "there is no \(Display.escape(path))") }
        return try withWorkspace(store) { workspace throws(GloveboxError) in
            try Bootstrap(recipe: recipe).run(to: "\(workspace)/tree.tar", progress: progress)
            let tree = try TreePacker(epoch: recipe.epoch).unpack("\(workspace)/tree.tar", in: workspace)
            let packages = try self.packages(tree)
            let changes = PackageList.changes(from: lock?.packages ?? [], to: packages)
            if locked && !changes.isEmpty {
                throw GloveboxError(
                    "image.lock",
                    "the archive has moved on: \(changes.joined(separator: ", "))",
                    hint: "Build without --locked to take the new packages; the digest will be another."
                )
            }
            if lock != nil { for change in changes { progress(change) } }
            progress("packing \(packages.count) packages")
            let file = try TreePacker(epoch: recipe.epoch).pack(tree, in: workspace)
            let image = try store.add(file: file, name: name ?? recipe.name, packages: packages)
            if name == nil { try store.point(recipe.aliases, at: recipe.name) }
            if lock == nil || !changes.isEmpty { try StoreFiles.replace(path, ImageLock(packages: packages).bytes) }
            return image
        }
    }

    /// Takes in a directory, a tar archive, or an EROFS or squashfs file.
    ///
    /// Trees are packed with every file owned by root and dated 1970, whoever owns it here.
    ///
    /// - Throws: `image.format`, `image.name`, `image.tool`, `image.tool-missing`, `image.io`.
    package static func add(_ path: String, store: ImageStore, name: String?) throws(GloveboxError) -> StoredImage {
        let isDirectory = try StoreFiles.isDirectory(path)
        if !isDirectory, !ImageFormat.isArchive(head: try StoreFiles.head(path, count: ImageFormat.head)) {
            return try store.add(file: path, name: name)
        }
        return try withWorkspace(store) { workspace throws(GloveboxError) in
            let packer = TreePacker(epoch: 0)
            let tree = isDirectory ? path : try packer.unpack(path, in: workspace)
            let file = try packer.pack(tree, in: workspace)
            return try store.add(file: file, name: name, packages: try packages(tree))
        }
    }

    /// The Debian packages of a tree; none where dpkg has no record.
    private static func packages(_ tree: String) throws(GloveboxError) -> [ImagePackage] {
        let status = "\(tree)/var/lib/dpkg/status"
        guard try StoreFiles.exists(status) else { return [] }
        return PackageList.installed(status: try StoreFiles.read(status, limit: 1 << 26))
    }

    /// Lends a private directory on the store's disk and removes it afterwards, in failure too.
    private static func withWorkspace(
        _ store: ImageStore,
        _ body: (String) throws(GloveboxError) -> StoredImage
    ) throws(GloveboxError) -> StoredImage {
        let workspace = try StoreFiles.makeTemporary(in: store.directory)
        let image: StoredImage
        do { image = try body(workspace) } catch {
            try Tool.removeTree(workspace)
            throw error
        }
        try Tool.removeTree(workspace)
        return image
    }
}
