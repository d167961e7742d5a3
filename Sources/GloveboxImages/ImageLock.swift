internal import GloveboxCore

/// The package versions a recipe led to: `lock.json` beside the recipe.
struct ImageLock {
    let packages: [ImagePackage]

    init(packages: [ImagePackage]) { self.packages = packages }

    /// Reads a lock.
    ///
    /// - Throws: `image.lock`, `schema.*`, `json.*`.
    init(_ bytes: [UInt8]) throws(GloveboxError) {
        var fields = try JSONFields(try JSONReader.read(bytes), at: "lock")
        guard try fields.string("format") == "glovebox-image-lock/1" else {
            throw GloveboxError("image.lock", "lock.format must be glovebox-image-lock/1")
        }
        packages = try PackageList.read(try fields.array("packages"), at: "lock.packages")
        try fields.finish()
    }

    /// The file: a package a line, so that a change reads well in a diff.
    var bytes: [UInt8] {
        let lines = packages.map { package in
            let value: JSONValue = ["name": .string(package.name), "version": .string(package.version)]
            return "    " + String(decoding: CanonicalJSON.encode(value), as: UTF8.self)
        }
        let text = """
            {
              "format": "glovebox-image-lock/1",
              "packages": [
            \(lines.joined(separator: ",\n"))
              ]
            }

            """
        return Array(text.utf8)
    }
}
