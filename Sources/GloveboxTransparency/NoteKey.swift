internal import Crypto
package import GloveboxCore

/// What a note key may sign.
///
/// Source: C2SP signed-note; transparency-log specification, section 3.
package enum NoteKeyKind: UInt8, Sendable, Hashable {
    /// Checkpoints, by the log itself.
    case log = 1
    /// Timed cosignatures, by a witness.
    case witness = 4
}

/// A public key for signed notes: Ed25519, with the name it signs under.
///
/// Text form: `name+<8 hex: key id>+<base64: kind || key>`.
package struct NoteKey: Sendable, Hashable {
    /// The name on the signature line; for a log, its origin.
    package let name: String
    /// What the key may sign.
    package let kind: NoteKeyKind
    /// SHA-256 of name, line feed, kind and key: the log id of a sigstore bundle.
    package let logID: [UInt8]
    /// The 32 bytes of the Ed25519 key.
    package let publicKey: [UInt8]

    /// Makes a key.
    ///
    /// - Throws: `log.key` for a name no line can carry, a key of another length, or a key of small order.
    package init(name: String, kind: NoteKeyKind = .log, publicKey: [UInt8]) throws(GloveboxError) {
        guard Self.isName(name) else {
            throw GloveboxError("log.key", "a key name is empty or has a space or '+'")
        }
        guard publicKey.count == 32, !Self.isSmallOrder(publicKey) else {
            throw GloveboxError("log.key", "the key of \(Display.escape(name)) is no usable Ed25519 key")
        }
        self.name = name
        self.kind = kind
        self.publicKey = publicKey
        self.logID = Array(SHA256.hash(data: Array(name.utf8) + [0x0a, kind.rawValue] + publicKey))
    }

    /// Reads the text form.
    ///
    /// - Throws: `log.key` for any other form, an unknown kind, or a key id that is not the key's.
    package init(vkey: String) throws(GloveboxError) {
        let (name, id, bytes) = try Self.split(vkey)
        guard let kind = bytes.first.flatMap(NoteKeyKind.init(rawValue:)) else {
            throw GloveboxError("log.key", "the key of \(Display.escape(name)) is of an unknown kind")
        }
        try self.init(name: name, kind: kind, publicKey: Array(bytes.dropFirst()))
        guard id == keyID else {
            throw GloveboxError("log.key", "the key id of \(Display.escape(name)) is not that of its key")
        }
    }

    /// The first four bytes of the log id, which open every signature line.
    package var keyID: [UInt8] { Array(logID[..<4]) }

    /// The text form.
    package var vkey: String { "\(name)+\(Hex.encode(keyID))+\(Base64.encode([kind.rawValue] + publicKey))" }

    package static func == (left: Self, right: Self) -> Bool { left.logID == right.logID }

    package func hash(into hasher: inout Hasher) { hasher.combine(logID) }

    /// Splits `name+hex+base64`.
    static func split(_ text: String) throws(GloveboxError) -> (name: String, id: [UInt8], bytes: [UInt8]) {
        let parts = text.utf8.split(separator: UInt8(ascii: "+"), maxSplits: 2, omittingEmptySubsequences: false)
        guard parts.count == 3, let name = String(parts[0]), let hex = String(parts[1]), let base64 = String(parts[2]),
            let id = Hex.decode(hex), id.count == 4, let bytes = Base64.decode(base64)
        else { throw GloveboxError("log.key", "a log key has the form name+id+base64") }
        return (name, id, bytes)
    }

    /// Whether a signature line can carry the name.
    static func isName(_ name: String) -> Bool {
        !name.isEmpty
            && name.unicodeScalars.allSatisfy { !$0.properties.isWhitespace && $0 != "+" && $0.value >= 0x20 }
    }

    /// Whether the key is one of the points under which anyone can sign: those whose order divides 8.
    private static func isSmallOrder(_ key: [UInt8]) -> Bool {
        var bytes = key
        bytes[31] &= 0x7f
        return smallOrder.contains(bytes)
    }

    /// The y coordinates of the points of small order, each also in its spelling beyond the field prime 2^255 - 19.
    private static let smallOrder: Set<[UInt8]> = {
        let zeros = [UInt8](repeating: 0, count: 31)
        let ones = [UInt8](repeating: 0xff, count: 30) + [0x7f]
        let eight: [UInt8] = [
            0x26, 0xe8, 0x95, 0x8f, 0xc2, 0xb2, 0x27, 0xb0, 0x45, 0xc3, 0xf4, 0x89, 0xf2, 0xef, 0x98, 0xf0,
            0xd5, 0xdf, 0xac, 0x05, 0xd3, 0xc6, 0x33, 0x39, 0xb1, 0x38, 0x02, 0x88, 0x6d, 0x53, 0xfc, 0x05,
        ]
        let eightNegative: [UInt8] = [
            0xc7, 0x17, 0x6a, 0x70, 0x3d, 0x4d, 0xd8, 0x4f, 0xba, 0x3c, 0x0b, 0x76, 0x0d, 0x10, 0x67, 0x0f,
            0x2a, 0x20, 0x53, 0xfa, 0x2c, 0x39, 0xcc, 0xc6, 0x4e, 0xc7, 0xfd, 0x77, 0x92, 0xac, 0x03, 0x7a,
        ]
        return [[0] + zeros, [1] + zeros, [0xec] + ones, [0xed] + ones, [0xee] + ones, eight, eightNegative]
    }()
}
