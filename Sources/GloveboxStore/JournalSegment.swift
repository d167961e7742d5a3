internal import GloveboxCore

/// One file of the journal, and where in it to start looking for an entry.
struct JournalSegment: Sendable, Equatable {
    /// Where a record starts.
    struct Mark: Sendable, Equatable {
        let index: UInt64
        let offset: UInt32
    }

    static let suffix = ".wal"
    /// Bytes from one mark to the next, at least.
    private static let markSpacing: UInt32 = 1 << 16

    let firstIndex: UInt64
    let capacity: Int
    private(set) var marks: [Mark] = []

    init(firstIndex: UInt64, capacity: Int, marks: [Mark] = []) {
        self.firstIndex = firstIndex
        self.capacity = capacity
        self.marks = marks
    }

    /// The file's name.
    var name: String { "\(firstIndex)\(Self.suffix)" }

    /// Takes note of a record.
    mutating func note(recordAt offset: Int, firstIndex: UInt64) {
        let offset = UInt32(clamping: offset)
        if let last = marks.last, offset - last.offset < Self.markSpacing { return }
        marks.append(Mark(index: firstIndex, offset: offset))
    }

    /// The last mark at or before an entry.
    func mark(before index: UInt64) -> Mark {
        marks[..<partitioning(marks) { $0.index > index }].last ?? Mark(index: firstIndex, offset: 0)
    }
}

/// The first place from which on a condition holds, in a list where it holds from some place on.
func partitioning<Element>(_ list: [Element], where holds: (Element) -> Bool) -> Int {
    var low = 0
    var high = list.count
    while low < high {
        let middle = (low + high) / 2
        if holds(list[middle]) { high = middle } else { low = middle + 1 }
    }
    return low
}
