internal import Glibc
package import GloveboxCore
internal import GloveboxLinux

/// Images by digest, and names that point at them.
///
/// ```
/// images/<hex>.<format>   the file, 0444
/// images/<hex>.json       its description
/// refs/<name>             the digest in hex
/// aliases/<name>          another name, which it stands for unless there is an image of its own under it
/// unpacked/<hex>/         the tree, where an ordinary user needed it
/// ```
package struct ImageStore: Sendable {
    /// Where the store lies.
    package let directory: String

    /// Opens a store, making its directories where they are missing.
    ///
    /// - Throws: `image.io`.
    package init(directory: String) throws(GloveboxError) {
        self.directory = directory
        for name in ["images", "refs", "aliases", "unpacked"] { try StoreFiles.makeDirectory("\(directory)/\(name)") }
    }

    /// Takes in an image file, and points a name at it.
    ///
    /// - Parameters:
    ///   - file: an EROFS or squashfs file; it is copied and hashed in one pass.
    ///   - name: `[a-z0-9][a-z0-9._-]{0,62}`, not a digest; it moves if it pointed at another image.
    ///   - packages: what is known to be inside.
    /// - Returns: the image as it is now kept.
    /// - Throws: `image.name`, `image.format`, `image.io`.
    package func add(
        file: String,
        name: String?,
        packages: [ImagePackage] = []
    ) throws(GloveboxError) -> StoredImage {
        if let name { try Self.check(name) }
        let temporary = "\(directory)/images/\(StoreFiles.temporaryName())"
        defer { StoreFiles.discard(temporary) }
        let (digest, bytes) = try StoreFiles.copy(file, to: temporary)
        // The copy is asked, not the original, which may have changed since.
        guard let format = ImageFormat(head: try StoreFiles.head(temporary, count: ImageFormat.head)) else {
            throw GloveboxError(
                "image.format",
                "\(Display.escape(file)) is neither an EROFS nor a squashfs file",
                hint: "'glovebox image add' also takes a directory or a tar archive."
            )
        }
        let image = StoredImage(
            digest: digest,
            name: name,
            path: "\(directory)/images/\(digest.hex).\(format.rawValue)",
            format: format.rawValue,
            bytes: bytes,
            packages: packages
        )
        let description = "\(directory)/images/\(digest.hex).json"
        if try !StoreFiles.exists(image.path) { try StoreFiles.rename(temporary, to: image.path) }
        let isDescribed = try StoreFiles.exists(description)
        if !isDescribed || !packages.isEmpty {
            try StoreFiles.replace(description, CanonicalJSON.encode(image.description), mode: 0o444)
        }
        if let name { try StoreFiles.replace("\(directory)/refs/\(name)", Array(digest.hex.utf8)) }
        return try load(digest).named(name)
    }

    /// Removes an image that no name points at; the description goes last, so that what a crash leaves is found again.
    ///
    /// - Throws: `image.io`.
    package func remove(_ image: StoredImage) throws(GloveboxError) {
        try StoreFiles.remove(tree: "\(directory)/unpacked/\(image.digest.hex)")
        for path in [image.path, "\(directory)/images/\(image.digest.hex).json"] { try StoreFiles.remove(path) }
    }

    /// Points further names at the image of a name, wherever that goes.
    ///
    /// - Throws: `image.name`, `image.io`.
    package func point(_ aliases: [String], at name: String) throws(GloveboxError) {
        for alias in aliases {
            try Self.check(alias)
            try StoreFiles.replace("\(directory)/aliases/\(alias)", Array(name.utf8))
        }
    }

    /// The names that point at an image beside its own.
    ///
    /// - Throws: `image.store`, `image.io`.
    package func aliases(of image: StoredImage) throws(GloveboxError) -> [String] {
        try aliases().filter { $0.target == image.name }.map(\.name)
    }

    /// All images by digest, each with the first of its names.
    ///
    /// - Throws: `image.store` for a damaged store, `image.io`.
    package func list() throws(GloveboxError) -> [StoredImage] {
        let names = try references()
        var images: [StoredImage] = []
        for file in try StoreFiles.names(in: "\(directory)/images") where file.hasSuffix(".json") {
            guard let digest = Digest(hex: String(file.dropLast(5))) else {
                throw GloveboxError("image.store", "\(Display.escape(file)) is no description of an image")
            }
            images.append(try load(digest).named(names.first { $0.digest == digest }?.name))
        }
        return images
    }

    /// Finds an image by a name, by its digest in hex or as `sha256:<hex>`.
    ///
    /// - Throws: `image.unknown` with the images there are, `image.store`, `image.io`.
    package func resolve(_ text: String) throws(GloveboxError) -> StoredImage {
        let names = try references()
        if let digest = Digest(hex: text) ?? Digest(named: text) {
            if try StoreFiles.exists("\(directory)/images/\(digest.hex).json") {
                return try load(digest).named(names.first { $0.digest == digest }?.name)
            }
        } else if let reference = names.first(where: { $0.name.utf8.elementsEqual(text.utf8) }) {
            return try load(reference.digest).named(text)
        } else if let alias = try aliases().first(where: { $0.name.utf8.elementsEqual(text.utf8) }),
            let reference = names.first(where: { $0.name == alias.target })
        {
            return try load(reference.digest).named(alias.target)
        }
        let known = try list().map { $0.name ?? $0.digest.named } + aliases().map(\.name)
        throw GloveboxError(
            "image.unknown",
            "there is no image \(Display.escape(text))",
            hint: known.isEmpty
                ? "The store has no images; 'glovebox image build' makes one."
                : "Images: \(known.joined(separator: ", "))."
        )
    }

    /// The image as this process's jails can use it: the file for root, the unpacked tree for an ordinary user.
    ///
    /// - Throws: `image.tool`, `image.tool-missing`, `image.io` from unpacking, which happens once.
    package func root(_ image: StoredImage) throws(GloveboxError) -> ImageRoot {
        Kernel.isHostRoot
            ? .image(path: image.path, format: image.format) : .directory(try unpacked(image, from: image.path))
    }

    private func load(_ digest: Digest) throws(GloveboxError) -> StoredImage {
        let bytes = try StoreFiles.read("\(directory)/images/\(digest.hex).json", limit: 1 << 24)
        return try StoredImage.read(try JSONReader.readCanonical(bytes), digest: digest, in: directory)
    }

    /// Every further name and the name it stands for.
    private func aliases() throws(GloveboxError) -> [(name: String, target: String)] {
        var found: [(name: String, target: String)] = []
        for name in try StoreFiles.names(in: "\(directory)/aliases").sorted() {
            let bytes = try StoreFiles.read("\(directory)/aliases/\(name)", limit: 64)
            found.append((name, String(decoding: bytes, as: UTF8.self)))
        }
        return found
    }

    /// Every name and what it points at.
    private func references() throws(GloveboxError) -> [(name: String, digest: Digest)] {
        var found: [(name: String, digest: Digest)] = []
        for name in try StoreFiles.names(in: "\(directory)/refs") {
            let text = String(decoding: try StoreFiles.read("\(directory)/refs/\(name)", limit: 65), as: UTF8.self)
            guard let digest = Digest(hex: text) else {
                throw GloveboxError("image.store", "the name \(Display.escape(name)) points at no digest")
            }
            found.append((name, digest))
        }
        return found
    }

    private static func check(_ name: String) throws(GloveboxError) {
        guard Identifier.isName(name), Digest(hex: name) == nil else {
            throw GloveboxError(
                "image.name",
                "\(Display.escape(name)) cannot be the name of an image",
                hint: "Up to 63 of a-z, 0-9, '.', '_' and '-', beginning with a letter or a digit, and not a digest."
            )
        }
    }
}
