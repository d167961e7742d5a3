internal import GloveboxCore
internal import GloveboxTransparency

/// Where the last event of each job stands, and the one event of each idempotency key: 24 bytes a name.
///
/// It can be made anew from the leaves.
struct LogIndex: Sendable, Equatable {
    /// A name's hash; two names of one log have the same with a chance of about 2^-90.
    struct Name: Hashable, Sendable {
        fileprivate let high: UInt64
        fileprivate let low: UInt64

        private init(_ kind: String, _ text: String) {
            var name: [UInt8] = []
            name.reserveCapacity(kind.utf8.count + 1 + text.utf8.count)
            name += kind.utf8
            name.append(UInt8(ascii: ":"))
            name += text.utf8
            let hash = Digest(hashing: name)
            (high, low) = unsafe withUnsafeBytes(of: hash) {
                unsafe (
                    UInt64(bigEndian: $0.loadUnaligned(as: UInt64.self)),
                    UInt64(bigEndian: $0.loadUnaligned(fromByteOffset: 8, as: UInt64.self))
                )
            }
        }

        fileprivate init(high: UInt64, low: UInt64) {
            self.high = high
            self.low = low
        }

        /// A job.
        static func job(_ id: String) -> Name { Name("job", id) }

        /// An idempotency key, by its pseudonym in the leaf.
        static func key(_ pseudonym: String) -> Name { Name("key", pseudonym) }
    }

    private var places: [Name: UInt64] = [:]

    /// The index of the name's last event.
    subscript(name: Name) -> UInt64? {
        get { places[name] }
        set { places[name] = newValue }
    }

    /// Takes a leaf into account.
    ///
    /// - Throws: `log.leaf-kind`, `log.leaf-not-canonical`.
    mutating func note(_ leaf: [UInt8], index: UInt64) throws(GloveboxError) {
        guard case .event(let event) = try LeafKind(leaf), let own = event["unmapped"]?["glovebox"] else { return }
        if let job = own["job"]?.string { self[.job(job)] = index }
        if let key = own[Event.idempotencyKeyName]?.string { self[.key(key)] = index }
    }

    /// The names in no order, 24 bytes each.
    var bytes: [UInt8] {
        var out: [UInt8] = []
        out.reserveCapacity(24 * places.count)
        for (name, index) in places {
            out += name.high.bigEndianBytes + name.low.bigEndianBytes + index.bigEndianBytes
        }
        return out
    }

    /// An index without names.
    init() {}

    /// Reads ``bytes``; nil for another length.
    init?(bytes: ArraySlice<UInt8>) {
        guard bytes.count.isMultiple(of: 24) else { return nil }
        for start in stride(from: bytes.startIndex, to: bytes.endIndex, by: 24) {
            let name = Name(
                high: UInt64(bigEndianBytes: bytes[start..<start + 8]),
                low: UInt64(bigEndianBytes: bytes[start + 8..<start + 16])
            )
            places[name] = UInt64(bigEndianBytes: bytes[start + 16..<start + 24])
        }
    }
}
