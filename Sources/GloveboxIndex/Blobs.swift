internal import Foundation
internal import GloveboxCore
internal import GloveboxTransparency

// What stands in columns whose bytes are compared, never their meaning as text.

extension Digest {
    var blob: Data { Data(bytes) }
}

extension String {
    var blob: Data { Data(utf8) }
}

extension [UInt64] {
    /// Eight bytes each, most significant first.
    var blob: Data { Data(flatMap(\.bigEndianBytes)) }

    /// Reads ``blob``; nil for another length.
    init?(_ blob: Data) {
        guard blob.count.isMultiple(of: 8) else { return nil }
        let bytes = [UInt8](blob)
        self = stride(from: 0, to: bytes.count, by: 8).map { at in UInt64(bigEndianBytes: bytes[at..<at + 8]) }
    }
}
