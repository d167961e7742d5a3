internal import Crypto
internal import Foundation
package import GloveboxCore
package import GloveboxLinux

/// Bytes encrypted in chunks, so that a change, a cut, or an exchange of chunks is refused.
///
/// Format: `GBXS`, version 1, 7-byte random nonce prefix, then chunks of 64 KiB of plaintext, each AES-256-GCM with the
/// nonce prefix ‖ u32be(chunk) ‖ last flag and the tag behind the ciphertext (the STREAM construction of Hoang,
/// Reyhanitabar, Rogaway and Vizár, 2015). The label is authenticated with every chunk.
package enum SealedChunks {
    private static let magic: [UInt8] = [0x47, 0x42, 0x58, 0x53, 1]
    private static let chunk = 65536
    private static let tag = 16

    /// Encrypts bytes under a 32-byte key.
    package static func seal(_ bytes: [UInt8], key: [UInt8], label: String) throws(GloveboxError) -> [UInt8] {
        var sealer = Sealer(key: key, label: label)
        return try sealer.seal(bytes) + sealer.finish()
    }

    /// Encrypts piece by piece; no more than a piece and a chunk are in memory.
    package struct Sealer {
        private let key: SymmetricKey
        private let label: [UInt8]
        private let prefix: [UInt8]
        private var index = 0
        // What is not encrypted yet: whether a chunk is the last one is known when the next one begins.
        private var rest: [UInt8] = []
        private var isBegun = false

        /// Starts on the first byte, under a 32-byte key.
        package init(key: [UInt8], label: String) {
            self.key = SymmetricKey(data: key)
            self.label = Array(label.utf8)
            var generator = SystemRandomNumberGenerator()
            prefix = (0..<7).map { _ in UInt8.random(in: .min ... .max, using: &generator) }
        }

        /// Takes the next bytes; what can be written of the encrypted file.
        ///
        /// - Throws: `broker.seal`.
        package mutating func seal(_ bytes: [UInt8]) throws(GloveboxError) -> [UInt8] {
            var out = isBegun ? [] : magic + prefix
            isBegun = true
            rest += bytes
            var start = 0
            while rest.count - start > chunk {
                try append(rest[start..<start + chunk], isLast: false, to: &out)
                start += chunk
            }
            rest.removeFirst(start)
            return out
        }

        /// The end of the encrypted file.
        ///
        /// - Throws: `broker.seal`.
        package mutating func finish() throws(GloveboxError) -> [UInt8] {
            var out = try seal([])
            try append(rest[...], isLast: true, to: &out)
            rest = []
            return out
        }

        private mutating func append(
            _ part: ArraySlice<UInt8>,
            isLast: Bool,
            to out: inout [UInt8]
        ) throws(GloveboxError) {
            do {
                let box = try AES.GCM.seal(
                    part,
                    using: key,
                    nonce: nonce(prefix, index, isLast: isLast),
                    authenticating: label
                )
                out += box.ciphertext
                out += box.tag
            } catch { throw GloveboxError("broker.seal", "the bytes could not be encrypted") }
            index += 1
        }
    }

    /// Decrypts what ``seal(_:key:label:)`` made.
    ///
    /// - Throws: `broker.open` for another key or label and for any change.
    package static func open(_ sealed: [UInt8], key: [UInt8], label: String) throws(GloveboxError) -> [UInt8] {
        guard sealed.starts(with: magic) else { throw refused }
        var out: [UInt8] = []
        out.reserveCapacity(sealed.count)
        let opener = try Opener(size: sealed.count, key: key, label: label) { offset, count in
            Array(sealed[offset..<offset + count])
        }
        for index in 0..<opener.count { out += try opener.chunk(index) }
        return out
    }

    private static let refused = GloveboxError(
        "broker.open",
        "the encrypted bytes were changed, cut, or belong to another key"
    )

    /// Decrypts chunk by chunk, in any order.
    ///
    /// Which chunk is the last follows from the length, and the last one says that it is: a cut file does not open at its end.
    package struct Opener: Sendable {
        /// How many chunks there are; one at least.
        package let count: Int
        private let key: SymmetricKey
        private let label: [UInt8]
        private let prefix: [UInt8]
        private let size: Int
        private let read: @Sendable (_ offset: Int, _ count: Int) throws(GloveboxError) -> [UInt8]

        private static let head: Int = magic.count + 7

        /// Prepares to open a file of the format; it may be read by several openers at once.
        ///
        /// - Throws: `broker.open`.
        package init(_ file: Descriptor, key: [UInt8], label: String) throws(GloveboxError) {
            let size: Int
            do { size = Int(try file.status().size) } catch { throw refused }
            try self.init(size: size, key: key, label: label) { (offset, count) throws(GloveboxError) in
                do {
                    let bytes = try file.read(upTo: count, at: offset)
                    if bytes.count == count { return bytes }
                } catch {}  // as good as cut
                throw refused
            }
        }

        fileprivate init(
            size: Int,
            key: [UInt8],
            label: String,
            read: @escaping @Sendable (Int, Int) throws(GloveboxError) -> [UInt8]
        ) throws(GloveboxError) {
            guard size >= Self.head + tag else { throw refused }
            let start = try read(0, Self.head)
            guard start.starts(with: magic) else { throw refused }
            prefix = Array(start[magic.count...])
            let sealed: Int = SealedChunks.chunk + tag
            count = (size - Self.head + sealed - 1) / sealed
            (self.key, self.label) = (SymmetricKey(data: key), Array(label.utf8))
            (self.size, self.read) = (size, read)
        }

        /// The plaintext of a chunk, counted from 0.
        ///
        /// - Throws: `broker.open` for another key or label and for any change.
        package func chunk(_ index: Int) throws(GloveboxError) -> [UInt8] {
            let sealed: Int = SealedChunks.chunk + tag
            let start: Int = Self.head + index * sealed
            let length: Int = min(sealed, size - start)
            guard (0..<count).contains(index), length >= tag else { throw refused }
            let bytes = try read(start, length)
            do {
                let box = try AES.GCM.SealedBox(
                    nonce: nonce(prefix, index, isLast: index == count - 1),
                    ciphertext: bytes[..<(length - tag)],
                    tag: bytes[(length - tag)...]
                )
                return Array(try AES.GCM.open(box, using: key, authenticating: label))
            } catch { throw refused }
        }
    }

    private static func nonce(_ prefix: [UInt8], _ index: Int, isLast: Bool) throws -> AES.GCM.Nonce {
        let number = UInt32(index)
        let counter = (0..<4).map { UInt8(truncatingIfNeeded: number >> UInt32(24 - 8 * $0)) }
        return try AES.GCM.Nonce(data: prefix + counter + [isLast ? 1 : 0])
    }
}
