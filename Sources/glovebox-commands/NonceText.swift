import ArgumentParser
import GloveboxCore

/// A nonce of 32 bytes on the command line: 64 hex digits, or base64url without padding.
struct NonceText: ExpressibleByArgument {
    /// The 32 bytes.
    let bytes: [UInt8]

    /// The nonce in base64url, as reports carry it.
    var text: String { Base64.encodeURL(bytes) }

    init?(argument: String) {
        guard let bytes = Hex.decode(argument) ?? Base64.decodeURL(argument), bytes.count == 32 else { return nil }
        self.bytes = bytes
    }
}
