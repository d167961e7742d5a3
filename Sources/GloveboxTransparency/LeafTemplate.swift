internal import GloveboxCore

/// An event's leaf that lacks only what depends on its place in the tree.
///
/// Whatever takes time is done when it is made, so that whoever gives out places only fills holes.
package struct LeafTemplate: Sendable {
    /// What depends on the place.
    enum Hole: String, CaseIterable {
        /// `metadata.sequence`: the index.
        case sequence
        /// `prevJobEvent`: the index of the job's previous event; the member is left out when there is none.
        case previousOfJob
        /// `reportLeaf`: the index before this one.
        case reportLeaf

        /// Stands in a leaf for what is not known yet; no public text has its first byte.
        var mark: JSONValue { .string("~" + rawValue) }

        fileprivate static let marks = Set(allCases.map { "~" + $0.rawValue })

        /// What a mark stands as in the bytes, and so what is replaced.
        fileprivate var bytes: [UInt8] {
            switch self {
            case .sequence: Array("\"~sequence\"".utf8)
            case .previousOfJob: Array(",\"prevJobEvent\":\"~previousOfJob\"".utf8)
            case .reportLeaf: Array("~reportLeaf".utf8)
            }
        }
    }

    /// The private body the leaf commits to.
    package let body: [UInt8]
    private let bytes: [UInt8]
    private let holes: [(hole: Hole, range: Range<Int>)]

    /// Takes a leaf with marks in it, and checks all the rest.
    ///
    /// - Throws: `log.schema`, `log.leaf-not-canonical`.
    init(
        marked leaf: JSONObject,
        with expected: Set<Hole>,
        body: [UInt8],
        kind: EventKind
    ) throws(GloveboxError) {
        try PublicText.check(.object(leaf), at: kind.rawValue, except: Hole.marks)
        let bytes = CanonicalJSON.encode(.object(leaf))
        var holes: [(hole: Hole, range: Range<Int>)] = []
        for (at, byte) in bytes.enumerated() where byte == UInt8(ascii: "~") {
            for hole in Hole.allCases {
                let text = hole.bytes
                guard let inside = text.firstIndex(of: byte), inside <= at else { continue }
                let range = at - inside..<at - inside + text.count
                if range.upperBound <= bytes.count, bytes[range].elementsEqual(text) { holes.append((hole, range)) }
            }
        }
        // A field that looks like a mark would be one hole too many.
        guard holes.count == expected.count, Set(holes.map(\.hole)) == expected,
            bytes.count(where: { $0 == UInt8(ascii: "~") }) == holes.count
        else { throw GloveboxError("log.schema", "a field of \(kind.rawValue) is not plain enough for a public leaf") }
        self.body = body
        self.bytes = bytes
        self.holes = holes
        let whole = self.leaf(index: UInt64(Int32.max), previousOfJob: UInt64(Int32.max))
        var plain = PlainJSON(whole)
        // Text beyond the plain is for the strict reader to judge; it takes ten times as long.
        if !plain.scan(0..<whole.count) { _ = try LeafKind(whole) }
        guard bytes.count <= LeafKind.maxBytes - 64 else {
            throw GloveboxError("log.leaf-not-canonical", "a leaf has more than \(LeafKind.maxBytes) bytes")
        }
    }

    /// The leaf at a place.
    ///
    /// - Parameters:
    ///   - index: its index; at least 1 when it announces a report.
    ///   - previousOfJob: the index of the previous event of the same job, if there is one.
    /// - Returns: its exact bytes.
    package func leaf(index: UInt64, previousOfJob: UInt64?) -> [UInt8] {
        var out: [UInt8] = []
        out.reserveCapacity(bytes.count + 32)
        var at = 0
        for (hole, range) in holes {
            out += bytes[at..<range.lowerBound]
            switch hole {
            case .sequence: out += String(index).utf8
            case .previousOfJob:
                if let previousOfJob { out += ",\"prevJobEvent\":\"\(previousOfJob)\"".utf8 }
            case .reportLeaf: out += String(index - 1).utf8
            }
            at = range.upperBound
        }
        out += bytes[at...]
        return out
    }
}
