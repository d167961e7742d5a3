package import GloveboxCore
internal import GloveboxTransparency

/// The keys of private event bodies: one an event, all from one secret, and each of them can be destroyed for good.
///
/// A tree of degree 16 over the 64 bits of the index; a child's seed is the HMAC-SHA256 of its number under its parent's, and
/// a leaf's seed is the key. To destroy a key is to forget the path to it and to keep what hangs beside the path, from
/// which no seed on the path can be had (the puncturable function of Goldreich, Goldwasser and Micali).
///
/// Form: 32 bytes while no key is destroyed; else `GBXK`, then for each seed kept: u8 depth, u64be number, 32 bytes.
package struct BodyKeys: Sendable {
    private static let magic = Array("GBXK".utf8)
    private static let depth = 16
    private static let nodeBytes = 1 + 8 + 32

    private struct Place: Hashable, Comparable {
        /// Steps from the root.
        let depth: Int
        /// The first `depth` digits of the indexes below.
        let number: UInt64

        static func < (left: Place, right: Place) -> Bool { (left.depth, left.number) < (right.depth, right.number) }
    }

    private var seeds: [Place: [UInt8]]
    /// A seed right above some entries, or an entry's own.
    package struct Node: Sendable {
        fileprivate let depth: Int
        fileprivate let seed: [UInt8]

        /// The 32 bytes of the key of the entry that was asked for.
        package func key(_ index: UInt64) -> [UInt8] {
            depth == BodyKeys.depth ? seed : BodyKeys.child(seed, BodyKeys.digit(index, depth))
        }
    }

    /// The seeds on the way to the entry last asked for, from a kept one down to the one above it, since entries come in
    /// order and sixteen share the last.
    private var recent: (index: UInt64, depth: Int, seeds: [[UInt8]])?

    /// Reads the form.
    ///
    /// - Throws: `key.format`.
    package init(parsing bytes: [UInt8]) throws(GloveboxError) {
        if bytes.count == 32 {
            seeds = [Place(depth: 0, number: 0): bytes]
            return
        }
        let refused = GloveboxError("key.format", "the keys of event bodies are damaged")
        guard bytes.starts(with: Self.magic), (bytes.count - 4) % Self.nodeBytes == 0 else { throw refused }
        seeds = [:]
        for start in stride(from: 4, to: bytes.count, by: Self.nodeBytes) {
            let place = Place(
                depth: Int(bytes[start]),
                number: UInt64(bigEndianBytes: bytes[start + 1..<start + 9])
            )
            guard (1...Self.depth).contains(place.depth), seeds[place] == nil else { throw refused }
            seeds[place] = Array(bytes[start + 9..<start + Self.nodeBytes])
        }
    }

    /// The form.
    ///
    /// It is secret.
    package var bytes: [UInt8] {
        if let root = seeds[Place(depth: 0, number: 0)] { return root }
        return seeds.sorted { $0.key < $1.key }.reduce(into: Self.magic) { out, node in
            out += [UInt8(node.key.depth)] + node.key.number.bigEndianBytes + node.value
        }
    }

    /// Whether an entry's key was not destroyed.
    package func hasKey(_ index: UInt64) -> Bool { start(index) != nil }

    /// The 32 bytes of an entry's key; nil when it was destroyed.
    package mutating func key(_ index: UInt64) -> [UInt8]? { node(above: index)?.key(index) }

    /// What gives an entry's key in one step; nil when the key was destroyed.
    mutating func node(above index: UInt64) -> Node? {
        var way: (index: UInt64, depth: Int, seeds: [[UInt8]])
        let known = recent
        recent = nil
        if let known, (index ^ known.index).leadingZeroBitCount >= 4 * known.depth {
            way = known
            way.index = index
            // Seeds above the first digit that differs are on both ways.
            let common = (index ^ known.index).leadingZeroBitCount / 4
            way.seeds.removeLast(max(0, way.seeds.count - (common - way.depth + 1)))
        } else {
            guard let place = start(index), let seed = seeds[place] else { return nil }
            way = (index, place.depth, [seed])
        }
        while way.depth + way.seeds.count < Self.depth, let seed = way.seeds.last {
            way.seeds.append(Self.child(seed, Self.digit(index, way.depth + way.seeds.count - 1)))
        }
        recent = way
        return way.seeds.last.map { Node(depth: way.depth + way.seeds.count - 1, seed: $0) }
    }

    /// Forgets an entry's key, and nothing else.
    package mutating func destroy(_ index: UInt64) {
        recent = nil
        guard let place = start(index), var seed = seeds.removeValue(forKey: place) else { return }
        for depth in place.depth..<Self.depth {
            let own = Self.digit(index, depth)
            let above = depth == 0 ? 0 : index >> UInt64(4 * (Self.depth - depth))
            for digit in 0..<16 as Range<UInt8> where digit != own {
                seeds[Place(depth: depth + 1, number: above << 4 | UInt64(digit))] = Self.child(seed, digit)
            }
            seed = Self.child(seed, own)
        }
    }

    /// The seed above an entry, if there is one.
    private func start(_ index: UInt64) -> Place? {
        for depth in 0...Self.depth {
            let number = depth == 0 ? 0 : index >> UInt64(4 * (Self.depth - depth))
            let place = Place(depth: depth, number: number)
            if seeds[place] != nil { return place }
        }
        return nil
    }

    /// The digit of an index below a depth, the most significant first.
    private static func digit(_ index: UInt64, _ depth: Int) -> UInt8 {
        UInt8(index >> UInt64(4 * (Self.depth - 1 - depth)) & 15)
    }

    private static func child(_ seed: [UInt8], _ digit: UInt8) -> [UInt8] {
        ShortHash.authentication(of: [digit], key: seed).bytes
    }
}
