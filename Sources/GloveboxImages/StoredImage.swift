package import GloveboxCore

/// A package inside an image.
package struct ImagePackage: Hashable, Sendable {
    /// The name in its archive.
    package let name: String
    /// The full version.
    package let version: String

    /// Names a package.
    package init(name: String, version: String) {
        self.name = name
        self.version = version
    }
}

/// A root file system kept as one read-only file, known by the SHA-256 of that file.
package struct StoredImage: Sendable {
    /// SHA-256 of the file.
    package let digest: Digest
    /// The name it was asked for by, or else the first name that points at it.
    package let name: String?
    /// Where the file lies.
    package let path: String
    /// The file system inside: `erofs` or `squashfs`.
    package let format: String
    /// Size of the file in bytes.
    package let bytes: UInt64
    /// The packages inside by name, as far as they are known.
    package let packages: [ImagePackage]

    func named(_ name: String?) -> StoredImage {
        StoredImage(digest: digest, name: name, path: path, format: format, bytes: bytes, packages: packages)
    }

    /// The description kept beside the file; names are kept apart, since they move.
    var description: JSONValue {
        [
            "bytes": .string(String(bytes)),
            "digest": digest.json,
            "file_system": .string(format),
            "format": "glovebox-stored-image/1",
            "packages": PackageList.json(packages),
        ]
    }

    /// Reads the description of the image with that digest.
    static func read(_ value: JSONValue, digest: Digest, in directory: String) throws(GloveboxError) -> StoredImage {
        var fields = try JSONFields(value, at: "image")
        guard try fields.string("format") == "glovebox-stored-image/1", try fields.digest("digest") == digest,
            let format = ImageFormat(rawValue: try fields.string("file_system")),
            let bytes = UInt64(try fields.string("bytes"))
        else { throw GloveboxError("image.store", "the description of the image \(digest.hex) is damaged") }
        let packages = try PackageList.read(try fields.array("packages"), at: "image.packages")
        try fields.finish()
        return StoredImage(
            digest: digest,
            name: nil,
            path: "\(directory)/images/\(digest.hex).\(format.rawValue)",
            format: format.rawValue,
            bytes: bytes,
            packages: packages
        )
    }
}

/// An image in the form a jail can use.
package enum ImageRoot: Sendable, Equatable {
    /// The file, to be mounted: for root.
    case image(path: String, format: String)
    /// The unpacked tree: for everyone else.
    case directory(String)
}
