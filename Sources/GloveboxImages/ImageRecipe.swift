internal import GloveboxCore

/// What an image is made of: `recipe.json`.
struct ImageRecipe {
    /// The base a distribution's packages are installed on.
    enum Variant: String {
        case minbase
        case essential
    }

    let name: String
    /// Further names that stand for it where there is no image under them.
    let aliases: [String]
    let suite: String
    let variant: Variant
    let packages: [String]
    /// Unix time in seconds that every file of the image carries.
    let epoch: UInt64
    /// Paths below the image's root that are left out.
    let remove: [String]

    /// Reads a recipe; each text in it is of a narrow alphabet, so that none can be an option or a piece of a script.
    ///
    /// - Throws: `image.recipe`, `schema.*`, `json.*`.
    init(_ bytes: [UInt8]) throws(GloveboxError) {
        var fields = try JSONFields(try JSONReader.read(bytes), at: "recipe")
        guard try fields.string("format") == "glovebox-image/1" else { throw Self.bad("format", "glovebox-image/1") }
        name = try fields.string("name")
        guard Identifier.isName(name) else { throw Self.bad("name", "a name") }
        aliases = try Self.texts(fields.optional("aliases")?.array ?? [], "aliases", Identifier.isName)
        suite = try fields.string("suite")
        guard Identifier.isName(suite) else { throw Self.bad("suite", "the name of a Debian release") }
        guard let variant = Variant(rawValue: try fields.string("variant")) else {
            throw Self.bad("variant", "minbase or essential")
        }
        self.variant = variant
        packages = try Self.texts(fields.array("packages"), "packages", Self.isPackage)
        guard let epoch = UInt64(try fields.string("epoch")), epoch <= 4_294_967_295 else {
            throw Self.bad("epoch", "Unix time in seconds, as a string")
        }
        self.epoch = epoch
        let removed = fields.optional("remove") ?? []
        guard let paths = removed.array else { throw Self.bad("remove", "a list of paths") }
        remove = try Self.texts(paths, "remove", Self.isPath)
        try fields.finish()
    }

    private static func texts(
        _ values: [JSONValue],
        _ field: String,
        _ isValid: (String) -> Bool
    ) throws(GloveboxError) -> [String] {
        var texts: [String] = []
        for value in values {
            guard let text = value.string, isValid(text) else { throw bad(field, "a list of plain names") }
            texts.append(text)
        }
        return texts
    }

    /// A Debian package name: policy section 5.6.1.
    private static func isPackage(_ text: String) -> Bool {
        guard let first = text.utf8.first, first != UInt8(ascii: "+"), first != UInt8(ascii: "-") else { return false }
        return text.utf8.count >= 2 && text.utf8.allSatisfy { isPlain($0) && !(65...90).contains($0) && $0 != 95 }
    }

    /// A relative path without empty parts, `.` or `..`.
    private static func isPath(_ text: String) -> Bool {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        return text.utf8.allSatisfy { isPlain($0) || $0 == UInt8(ascii: "/") }
            && parts.allSatisfy { !$0.isEmpty && $0 != "." && $0 != ".." }
    }

    private static func isPlain(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"): true
        case UInt8(ascii: "0")...UInt8(ascii: "9"): true
        default: Array("+-._".utf8).contains(byte)
        }
    }

    private static func bad(_ field: String, _ what: String) -> GloveboxError {
        GloveboxError("image.recipe", "recipe.\(field) must be \(what)")
    }
}
