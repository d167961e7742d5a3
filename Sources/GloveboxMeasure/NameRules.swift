internal import GloveboxCore
// The standard library's own normalization; it has no public name yet, and Foundation is kept out of this target.
@_spi(_Unicode) internal import Swift

/// Which names may stand in a code tree (attestation section 5, job backend section 4.6).
enum NameRules {
    /// Checks one name.
    ///
    /// - Returns: the name with case folded; two names of a directory whose folded forms are canonically equal are twins.
    /// - Throws: `upload.rejected`, `code.limits`, `code.name-encoding`, `code.name-control`, `code.nested-git`.
    static func check(_ name: [UInt8], limits: TreeLimits, at path: TreePath) throws(GloveboxError) -> String {
        let dot = UInt8(ascii: ".")
        guard !name.isEmpty, name != [dot], name != [dot, dot], !name.contains(UInt8(ascii: "/")), !name.contains(0)
        else {
            throw GloveboxError("upload.rejected", "\(path.display) is no name of a directory entry")
        }
        guard name.count <= limits.nameBytes else {
            throw GloveboxError("code.limits", "a name is longer than \(limits.nameBytes) bytes: \(path.display)")
        }
        guard let text = String(validating: name, as: UTF8.self) else {
            throw GloveboxError("code.name-encoding", "a name is no valid UTF-8: \(path.display)")
        }
        guard isNormalized(text) else {
            throw GloveboxError("code.name-encoding", "a name is not in Unicode form NFC: \(path.display)")
        }
        for scalar in text.unicodeScalars where isRefused(scalar) {
            throw GloveboxError(
                "code.name-control",
                "a name has a control, line, bidirectional or backslash character: \(path.display)"
            )
        }
        let folded = fold(text)
        guard !isGitDirectory(folded) else {
            throw GloveboxError("code.nested-git", "a tree must not hold git's own directory: \(path.display)")
        }
        return folded
    }

    /// Whether the text is its own NFC form, scalar by scalar.
    static func isNormalized(_ text: String) -> Bool {
        if text.utf8.allSatisfy({ $0 < 0x80 }) { return true }
        return text._nfc.elementsEqual(text.unicodeScalars)
    }

    /// Case folded by mapping every scalar up and then down, which also joins `ß` with `ss` and the three sigmas.
    static func fold(_ text: String) -> String {
        // Most names are ASCII, where the tables of Unicode say the same at many times the price.
        if text.utf8.allSatisfy({ $0 < 0x80 }) { return String(decoding: text.utf8.map(lowercased), as: UTF8.self) }
        var out = String.UnicodeScalarView()
        for scalar in text.unicodeScalars {
            for upper in scalar.properties.uppercaseMapping.unicodeScalars {
                out.append(contentsOf: upper.properties.lowercaseMapping.unicodeScalars)
            }
        }
        return String(out)
    }

    /// Names that git takes for `.git` on some system, and therefore refuses to add on every system.
    static func isGitDirectory(_ folded: String) -> Bool {
        if folded == "git~1" { return true }
        guard folded.hasPrefix(".git") else { return false }
        // NTFS drops trailing dots and spaces, and a colon starts the name of a stream.
        let rest = folded.dropFirst(4).prefix { $0 != ":" }
        return rest.allSatisfy { $0 == "." || $0 == " " }
    }

    private static func lowercased(_ byte: UInt8) -> UInt8 {
        (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(byte) ? byte + 32 : byte
    }

    private static func isRefused(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0x20...0x5b, 0x5d...0x7e: false
        case 0x5c, 0x61c, 0x200e, 0x200f, 0x2028...0x202e, 0x2066...0x2069: true
        default: scalar.properties.generalCategory == .control
        }
    }
}
