/// A SHA-256 value: 32 bytes, written as lower-case hex, or as `sha256:<hex>` where the algorithm is named.
package struct Digest: Hashable, Sendable, CustomStringConvertible {
    /// The 32 bytes.
    package let bytes: [UInt8]

    /// The value zero, which stands for "none before this" in hash chains.
    package static let zero = Digest(unchecked: [UInt8](repeating: 0, count: 32))

    /// Wraps bytes; nil unless there are exactly 32.
    package init?(bytes: [UInt8]) {
        guard bytes.count == 32 else { return nil }
        self.bytes = bytes
    }

    private init(unchecked bytes: [UInt8]) { self.bytes = bytes }

    /// Reads 64 lower-case hex digits; nil for anything else.
    package init?(hex: String) {
        guard let bytes = Hex.decode(hex) else { return nil }
        self.init(bytes: bytes)
    }

    /// Reads `sha256:<64 lower-case hex>`; nil for anything else.
    package init?(named text: String) {
        guard text.utf8.starts(with: "sha256:".utf8) else { return nil }
        self.init(hex: String(text.dropFirst(7)))
    }

    /// 64 lower-case hex digits.
    package var hex: String { Hex.encode(bytes) }

    /// `sha256:<64 lower-case hex>`.
    package var named: String { "sha256:" + hex }

    package var description: String { named }
}
