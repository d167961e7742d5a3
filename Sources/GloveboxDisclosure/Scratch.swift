package import GloveboxCore

/// Room for what would grow with the units of a dataset: bytes that are written once, and read in order as often as wanted.
package protocol Scratch: Sendable {
    /// Most parts of units that are put in order in memory before they are set aside.
    var parts: Int { get }

    /// Keeps the bytes that `write` puts, for as long as what is returned is held.
    ///
    /// - Throws: `storage.write` when there is no room, and what `write` throws.
    func keep(
        _ write: (_ put: @escaping ([UInt8]) throws(GloveboxError) -> Void) throws(GloveboxError) -> Void
    ) throws(GloveboxError) -> any KeptBytes
}

/// Bytes that were set aside.
package protocol KeptBytes: Sendable {
    /// Reads them from the first: each call of what is returned gives the next piece, an empty one at the end.
    ///
    /// - Throws: `storage.read`, `broker.open`.
    func pieces() throws(GloveboxError) -> () throws(GloveboxError) -> [UInt8]
}

extension Scratch {
    package var parts: Int { 1 << 19 }
}

/// Memory, for datasets that fit.
package struct MemoryScratch: Scratch {
    package let parts: Int

    /// Puts so many parts of units in order at once.
    package init(parts: Int = 1 << 19) { self.parts = parts }

    package func keep(
        _ write: (_ put: @escaping ([UInt8]) throws(GloveboxError) -> Void) throws(GloveboxError) -> Void
    ) throws(GloveboxError) -> any KeptBytes {
        var pieces: [[UInt8]] = []
        try write { pieces.append($0) }
        return BytesInMemory(pieces)
    }
}

/// Bytes that stand in memory.
struct BytesInMemory: KeptBytes {
    private let all: [[UInt8]]

    init(_ pieces: [[UInt8]]) { all = pieces.filter { !$0.isEmpty } }

    func pieces() -> () throws(GloveboxError) -> [UInt8] {
        var index = 0
        return {
            guard index < all.count else { return [] }
            defer { index += 1 }
            return all[index]
        }
    }
}
