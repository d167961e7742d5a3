package import GloveboxCore

/// What the row-leak scan found: how often in each step, and where first.
///
/// It is always as long, so its length tells nothing. Source: release policy section 5.6.
package struct LeakVerdict: Hashable, Sendable {
    /// The steps.
    package enum Step: UInt8, CaseIterable, Sendable {
        /// A private identifier.
        case identifiers = 1
        /// A private number of five digits or more.
        case numbers = 2
        /// Two cells of a row that together are only one unit's.
        case tuples = 3
        /// Private text in an encoding, or a part of it.
        case encodings = 4
        /// A column that is a private column.
        case columns = 5

        /// The name in records.
        package var name: String {
            switch self {
            case .identifiers: "identifiers"
            case .numbers: "numbers"
            case .tuples: "tuples"
            case .encodings: "encodings"
            case .columns: "columns"
            }
        }
    }

    /// A place in the file: a row and column of a table, both from 1; row 0 stands for a whole column, and both 0 for
    /// the file.
    package struct Hit: Hashable, Sendable {
        package let step: Step
        package let row: Int
        package let column: Int

        /// Names a place.
        package init(_ step: Step, row: Int, column: Int) { (self.step, self.row, self.column) = (step, row, column) }
    }

    /// Greatest number of places told.
    package static let maxHits = 64

    /// How often each step found something, in the order of the steps.
    package private(set) var counts = [Int](repeating: 0, count: Step.allCases.count)
    /// The first places.
    package private(set) var hits: [Hit] = []

    /// Starts with nothing found.
    package init() {}

    /// Whether nothing was found.
    package var isClean: Bool { counts.allSatisfy { $0 == 0 } }

    /// How often a step found something.
    package func count(_ step: Step) -> Int { counts[Int(step.rawValue) - 1] }

    mutating func add(_ hit: Hit) {
        counts[Int(hit.step.rawValue) - 1] += 1
        if hits.count < Self.maxHits { hits.append(hit) }
    }

    private static let head = Array("gbxv".utf8) + [1]

    /// `"gbxv" 1 (count:u32)*5 (step:u8 row:u32 column:u32)*64`, zeros where there is no place.
    package var encoded: [UInt8] {
        var out = ByteWriter()
        out.bytes = Self.head
        for count in counts { out.u32(min(count, Int(UInt32.max))) }
        for index in 0..<Self.maxHits {
            let hit = index < hits.count ? hits[index] : nil
            out.u8(hit?.step.rawValue ?? 0)
            out.u32(hit?.row ?? 0)
            out.u32(hit?.column ?? 0)
        }
        return out.bytes
    }

    /// Reads a verdict.
    ///
    /// - Throws: `format.bytes`.
    package init(decoding bytes: [UInt8]) throws(GloveboxError) {
        var input = ByteReader(bytes)
        guard try input.take(Self.head.count).elementsEqual(Self.head) else { throw ByteReader.invalid }
        for index in counts.indices { counts[index] = try input.u32() }
        for _ in 0..<Self.maxHits {
            let (word, row, column) = (try input.u8(), try input.u32(), try input.u32())
            guard word != 0 else { continue }
            guard let step = Step(rawValue: word) else { throw ByteReader.invalid }
            hits.append(Hit(step, row: row, column: column))
        }
        guard input.isAtEnd, hits.count <= counts.reduce(0, +) else { throw ByteReader.invalid }
    }
}
