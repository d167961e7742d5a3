/// A SHA-256 value: 32 bytes, written as lower-case hex, or as `sha256:<hex>` where the algorithm is named.
package struct Digest: Hashable, Sendable, CustomStringConvertible {
    // In place, not in an array: a log makes and compares many of them.
    private var first: UInt64 = 0
    private var second: UInt64 = 0
    private var third: UInt64 = 0
    private var fourth: UInt64 = 0

    /// The value zero, which stands for "none before this" in hash chains.
    package static let zero = Digest()

    private init() {}

    /// Has the 32 bytes written in place.
    package init(filling fill: (UnsafeMutableRawBufferPointer) -> Void) {
        unsafe withUnsafeMutableBytes(of: &self) { unsafe fill($0) }
    }

    /// Wraps bytes; nil unless there are exactly 32.
    package init?(bytes: [UInt8]) {
        guard bytes.count == 32 else { return nil }
        unsafe self.init { unsafe $0.copyBytes(from: bytes) }
    }

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

    /// The 32 bytes.
    package var bytes: [UInt8] { unsafe withUnsafeBytes(of: self) { unsafe Array($0) } }

    /// Writes the 32 bytes behind others.
    package func write(to out: inout [UInt8]) {
        unsafe withUnsafeBytes(of: self) { unsafe out.append(contentsOf: $0) }
    }

    /// 64 lower-case hex digits.
    package var hex: String { Hex.encode(bytes) }

    /// Writes ``hex`` behind other text.
    package func writeHex(to out: inout [UInt8]) {
        unsafe withUnsafeBytes(of: self) { unsafe Hex.write($0, to: &out) }
    }

    /// `sha256:<64 lower-case hex>`.
    package var named: String { "sha256:" + hex }

    package var description: String { named }
}
