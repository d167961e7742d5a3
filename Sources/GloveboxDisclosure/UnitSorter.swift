package import GloveboxCore
internal import GloveboxTables

/// What the rows of one unit add to one cell.
package struct UnitPart: Comparable, Sendable {
    /// Who.
    package let tag: UnitTag
    /// What decides the order of a unit's parts before their cells do.
    var order: UInt64 = 0
    let cell: UInt32
    /// How many rows; where rows are units, how many of them are equal.
    package fileprivate(set) var rows: UInt32 = 1
    var value: Int64 = 0

    /// Where a part stands: by unit, order, cell and value.
    package static func < (left: Self, right: Self) -> Bool {
        (left.tag.high, left.tag.low, left.order, left.cell, left.value)
            < (right.tag.high, right.tag.low, right.order, right.cell, right.value)
    }

    fileprivate func isOfSamePlace(_ other: Self, _ combination: UnitSorter.Combination) -> Bool {
        tag == other.tag && order == other.order && cell == other.cell
            && (combination != .same || value == other.value)
    }
}

/// Brings what units add to cells into the order of units, however far apart their rows stand, in bounded memory.
///
/// Parts of one unit in one cell are put together in a hash table; a full one is sorted and set aside as a run, and the runs
/// are merged as they are read.
package struct UnitSorter {
    /// What becomes of two values of one unit in one cell.
    enum Combination {
        /// They are added.
        case sum
        /// The larger one stays.
        case largest
        /// Only equal ones are put together.
        case same
    }

    private let scratch: any Scratch
    private let combination: Combination
    // A slot without rows is free.
    private var slots: [UnitPart]
    private var count = 0
    private var runs: [any KeptBytes] = []

    private static let free = UnitPart(tag: UnitTag(high: 0, low: 0), cell: 0, rows: 0)

    init(_ scratch: any Scratch, combining combination: Combination) {
        (self.scratch, self.combination) = (scratch, combination)
        slots = [UnitPart](repeating: Self.free, count: 1024)
    }

    /// Tells units apart, and nothing of them.
    package init(_ scratch: any Scratch) { self.init(scratch, combining: .same) }

    /// Adds a row of a unit.
    ///
    /// - Throws: as ``add(_:)``.
    package mutating func add(_ tag: UnitTag) throws(GloveboxError) { try add(UnitPart(tag: tag, cell: 0)) }

    /// Adds what a row adds to a cell.
    ///
    /// - Throws: `spec.overflow` when a sum does not fit 64 bits, `storage.write`.
    mutating func add(_ part: UnitPart) throws(GloveboxError) {
        let slot = slot(of: part)
        guard slots[slot].rows == 0 else { return try slots[slot].add(part, combination) }
        slots[slot] = part
        count += 1
        if count >= scratch.parts { try setAside() }
        if count * 4 > slots.count * 3 { grow() }
    }

    /// All parts, in order.
    ///
    /// - Throws: `storage.write`.
    package consuming func finish() throws(GloveboxError) -> SortedUnits {
        compact()
        return SortedUnits(runs: runs, last: slots, combination: combination)
    }

    private func slot(of part: UnitPart) -> Int {
        let mask = slots.count - 1
        let place = part.order ^ UInt64(part.cell) ^ (combination == .same ? UInt64(bitPattern: part.value) << 32 : 0)
        var slot = Int(truncatingIfNeeded: part.tag.low ^ ((place &* 0x9e37_79b9_7f4a_7c15) >> 20)) & mask
        while slots[slot].rows > 0, !slots[slot].isOfSamePlace(part, combination) { slot = (slot + 1) & mask }
        return slot
    }

    private mutating func grow() {
        let old = slots
        slots = [UnitPart](repeating: Self.free, count: old.count * 2)
        for part in old where part.rows > 0 { slots[slot(of: part)] = part }
    }

    // Leaves the parts alone in the array, in order.
    private mutating func compact() {
        var kept = 0
        for slot in slots.indices where slots[slot].rows > 0 {
            slots[kept] = slots[slot]
            kept += 1
        }
        slots.removeLast(slots.count - kept)
        slots.sort()
    }

    private mutating func setAside() throws(GloveboxError) {
        let room = slots.count
        compact()
        runs.append(
            try scratch.keep { (put) throws(GloveboxError) in
                for start in stride(from: 0, to: slots.count, by: SortedUnits.pieceParts) {
                    try put(SortedUnits.encode(slots[start..<min(start + SortedUnits.pieceParts, slots.count)]))
                }
            }
        )
        slots.removeAll(keepingCapacity: true)
        slots += repeatElement(Self.free, count: room)
        count = 0
    }
}

extension UnitPart {
    fileprivate mutating func add(
        _ other: Self,
        _ combination: UnitSorter.Combination
    ) throws(GloveboxError) {
        let (sum, isTooMany) = rows.addingReportingOverflow(other.rows)
        let (total, overflow) = value.addingReportingOverflow(other.value)
        guard !isTooMany, combination != .sum || !overflow else {
            throw GloveboxError("spec.overflow", "the sum of one unit's values does not fit 64 bits")
        }
        rows = sum
        switch combination {
        case .sum: value = total
        case .largest: value = max(value, other.value)
        case .same: break
        }
    }
}

/// Parts of units in order: runs that were set aside, merged with the last one, which is in memory.
package struct SortedUnits: Sendable {
    private let runs: [any KeptBytes]
    private let last: [UnitPart]
    private let combination: UnitSorter.Combination

    /// Parts of one piece.
    fileprivate static let pieceParts = 2048
    private static let partWords = 5

    fileprivate init(runs: [any KeptBytes], last: [UnitPart], combination: UnitSorter.Combination) {
        (self.runs, self.last, self.combination) = (runs, last, combination)
    }

    /// Hands over the parts of one unit after the other, by rising tag, each by rising cell.
    ///
    /// - Throws: `storage.read`, `broker.open`, `spec.overflow`, and what `take` throws.
    func units(_ take: ([UnitPart]) throws(GloveboxError) -> Void) throws(GloveboxError) {
        var reader = try reader()
        var parts: [UnitPart] = []
        while let part = try reader.next() {
            if let first = parts.first, first.tag != part.tag {
                try take(parts)
                parts.removeAll(keepingCapacity: true)
            }
            parts.append(part)
        }
        if !parts.isEmpty { try take(parts) }
    }

    /// Reads the parts one by one.
    ///
    /// - Throws: `storage.read`, `broker.open`.
    package func reader() throws(GloveboxError) -> Reader { try Reader(runs, last, combination) }

    fileprivate static func encode(_ parts: ArraySlice<UnitPart>) -> [UInt8] {
        var words: [UInt64] = []
        words.reserveCapacity(parts.count * partWords)
        for part in parts {
            words += [
                part.tag.high, part.tag.low, part.order, UInt64(part.cell) << 32 | UInt64(part.rows),
                UInt64(bitPattern: part.value),
            ]
        }
        var out = ByteWriter()
        out.integers(words)
        return out.bytes
    }

    /// A run that is being read.
    private struct Run {
        private let next: () throws(GloveboxError) -> [UInt8]
        private var words: [UInt64] = []
        private var at = 0

        init(_ bytes: any KeptBytes) throws(GloveboxError) { next = try bytes.pieces() }

        mutating func part() throws(GloveboxError) -> UnitPart? {
            // A part may go on in the next piece.
            while words.count - at < SortedUnits.partWords {
                let piece = try next()
                if piece.isEmpty, at == words.count { return nil }
                guard !piece.isEmpty, piece.count % 8 == 0 else { throw ByteReader.invalid }
                words = Array(words[at...])
                at = 0
                unsafe piece.withUnsafeBytes { bytes in
                    for start in stride(from: 0, to: bytes.count, by: 8) {
                        let word = unsafe bytes.loadUnaligned(fromByteOffset: start, as: UInt64.self)
                        words.append(UInt64(bigEndian: word))
                    }
                }
            }
            defer { at += SortedUnits.partWords }
            return UnitPart(
                tag: UnitTag(high: words[at], low: words[at + 1]),
                order: words[at + 2],
                cell: UInt32(words[at + 3] >> 32),
                rows: UInt32(truncatingIfNeeded: words[at + 3]),
                value: Int64(bitPattern: words[at + 4])
            )
        }
    }

    /// Merges the runs while they are read.
    package struct Reader {
        private var runs: [Run] = []
        private let last: [UnitPart]
        private var at = 0
        private let combination: UnitSorter.Combination
        // The next part of each run that is not at its end, the least first: a binary heap.
        private var heap: [(part: UnitPart, run: Int)] = []

        fileprivate init(
            _ runs: [any KeptBytes],
            _ last: [UnitPart],
            _ combination: UnitSorter.Combination
        ) throws(GloveboxError) {
            (self.last, self.combination) = (last, combination)
            for run in runs { self.runs.append(try Run(run)) }
            for index in runs.indices {
                guard let part = try self.runs[index].part() else { continue }
                heap.append((part, index))
                rise()
            }
        }

        /// The next part; nil at the end.
        ///
        /// - Throws: `storage.read`, `broker.open`, `spec.overflow`.
        package mutating func next() throws(GloveboxError) -> UnitPart? {
            guard var part = try least() else { return nil }
            while let other = peek, other.isOfSamePlace(part, combination), let same = try least() {
                try part.add(same, combination)
            }
            return part
        }

        private var peek: UnitPart? {
            let mine = at < last.count ? last[at] : nil
            guard let theirs = heap.first?.part else { return mine }
            return mine.map { min($0, theirs) } ?? theirs
        }

        private mutating func least() throws(GloveboxError) -> UnitPart? {
            guard let top = heap.first, at == last.count || top.part < last[at] else {
                guard at < last.count else { return nil }
                defer { at += 1 }
                return last[at]
            }
            if let part = try runs[top.run].part() {
                heap[0].part = part
            } else {
                let end = heap.removeLast()
                if !heap.isEmpty { heap[0] = end }
            }
            sink()
            return top.part
        }

        private mutating func rise() {
            var child = heap.count - 1
            while child > 0, heap[child].part < heap[(child - 1) / 2].part {
                heap.swapAt(child, (child - 1) / 2)
                child = (child - 1) / 2
            }
        }

        private mutating func sink() {
            var parent = 0
            while true {
                var least = parent
                for child in [2 * parent + 1, 2 * parent + 2]
                where child < heap.count && heap[child].part < heap[least].part { least = child }
                guard least != parent else { return }
                heap.swapAt(least, parent)
                parent = least
            }
        }
    }
}
