internal import GloveboxCore

/// An event's leaf that lacks only what depends on its place in the tree.
///
/// Whatever takes time is done when it is made, so that whoever gives out places only fills holes.
package struct LeafTemplate: Sendable {
    /// What depends on the place.
    enum Hole {
        /// `metadata.sequence`: the index.
        case sequence
        /// `prevJobEvent`: the index of the job's previous event; the member is left out when there is none.
        case previousOfJob
        /// `reportLeaf`: the index before this one.
        case reportLeaf
    }

    /// The private body the leaf commits to.
    package let body: [UInt8]
    private let bytes: [UInt8]
    private let holes: [(hole: Hole, at: Int)]

    /// Takes a leaf that was written, and checks it.
    ///
    /// - Throws: `log.schema`, `log.leaf-not-canonical`.
    init(_ leaf: LeafWriter, body: [UInt8], kind: EventKind) throws(GloveboxError) {
        if let fault = leaf.fault {
            throw GloveboxError(
                "log.schema",
                "\(Display.escape(fault)) of \(kind.rawValue) is not plain enough for a public leaf"
            )
        }
        bytes = leaf.bytes
        holes = leaf.holes
        self.body = body
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
        out.reserveCapacity(mostBytes)
        write(index: index, previousOfJob: previousOfJob, to: &out)
        return out
    }

    /// More bytes than any place makes it have.
    package var mostBytes: Int { bytes.count + 64 }

    /// Writes ``leaf(index:previousOfJob:)`` behind other bytes.
    package func write(index: UInt64, previousOfJob: UInt64?, to out: inout [UInt8]) {
        var done = 0
        for (hole, at) in holes {
            out += bytes[done..<at]
            switch hole {
            case .sequence: out += String(index).utf8
            case .previousOfJob:
                guard let previousOfJob else { break }
                out += ",\"prevJobEvent\":\"".utf8
                out += String(previousOfJob).utf8
                out.append(UInt8(ascii: "\""))
            case .reportLeaf: out += String(index - 1).utf8
            }
            done = at
        }
        out += bytes[done...]
    }
}
