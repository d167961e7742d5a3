package import GloveboxCore

/// The row-leak scan: whether a file that would be released holds what is only one unit's, or a few units'.
///
/// It runs in the checker's jail, where the private rows are and nothing goes out but a verdict of fixed length. The file
/// is small and the rows are many, so what the file holds is indexed, the private values are looked up in it as their rows
/// come, and little is kept of those that it does not hold.
/// Source: release policy section 5.6.
package struct LeakScan {
    let request: LeakRequest
    let table: CheckedTable?
    /// The columns of the table in which nothing but statistics stand.
    let statistics: Set<Int>
    /// Every value that the table mentions outside statistics, by its one spelling, numbered.
    let mentioned: [String: Int32]
    var verdict = LeakVerdict()
    /// How many rows there were.
    var rowCount = 0
    /// What the rows have of mentioned values.
    var patterns = Patterns()
    /// The rows' own values, while there may be too few of them for a copy in the table to be told from it.
    var values: [[String?]]?

    private let plain: Index
    private let hidden: Index
    private let open: Set<UInt64>
    private var columns: [Column]

    /// A value that is somewhere in the file, and the first units that have it.
    fileprivate struct Candidate {
        let value: String
        var first: UInt64?
        var others: [UInt64] = []
    }

    /// What is kept of a private column: of most values a number each, and of numbers that are not in the file nothing.
    private struct Column {
        var candidates: [Candidate] = []
        /// The candidates by value.
        var candidateOf: [String: Int32] = [:]
        /// Names that were looked at not long ago, with the number of each among mentioned values, and are no candidates.
        var harmless: [String: Int32] = [:]
        /// The number among mentioned values of each code; -1 for none.
        var mentions: [Int32] = []
    }

    /// Reads a request and its rows, and scans.
    ///
    /// - Throws: `format.bytes`, and what the source throws.
    package static func run(_ input: inout PieceReader, maxBytes: Int) throws(GloveboxError) -> LeakVerdict {
        let request = try LeakRequest(&input, maxBytes: maxBytes)
        var scan = LeakScan(request)
        while let rows = try LeakRows(&input, of: request) { try scan.take(rows) }
        return scan.finish()
    }

    /// Starts with no row; a table that cannot be read as one is scanned as bytes.
    private init(_ request: LeakRequest) {
        self.request = request
        if request.form == .table, case .table(let table) = Checker.parse(request.bytes, limits: .ceiling) {
            self.table = table
            let statistics = Set(table.header.indices.filter { request.statistics.contains(table.header[$0]) })
            self.statistics = statistics
            mentioned = Self.mentioned(table, besides: statistics)
            values = table.rows.count < Self.shortest ? nil : request.columns.map { _ in [] }
        } else {
            (table, statistics, mentioned, values) = (nil, [], [:], nil)
        }
        plain = Self.plain(request, table, statistics)
        hidden = Self.hidden(request.bytes)
        open = Self.publicShingles(request)
        let mentioned = mentioned
        columns = request.columns.map { column in
            var kept = Column()
            kept.mentions = column.codes.map { mentioned[Self.spelled($0)] ?? -1 }
            return kept
        }
    }

    /// Takes the next rows.
    ///
    /// - Throws: `format.bytes` for places of no value.
    private mutating func take(_ rows: LeakRows) throws(GloveboxError) {
        rowCount += rows.units.count
        var mentions: [[Int32]] = []
        for (index, column) in rows.columns.enumerated() {
            let (candidates, numbers) = learn(index, column.values)
            mentions.append(numbers)
            let count = numbers.count
            guard column.places.allSatisfy({ $0 == LeakRows.Column.missing || $0 < count }) else {
                throw ByteReader.invalid
            }
            guard !columns[index].candidates.isEmpty else { continue }
            for (place, unit) in zip(column.places, rows.units) where place != LeakRows.Column.missing {
                let candidate = candidates[Int(place)]
                if candidate >= 0 { columns[index].candidates[Int(candidate)].add(unit, most: request.minUnits) }
            }
        }
        if table != nil { patterns.take(rows, mentions) }
        keepValues(rows)
    }

    // The candidate and the number among mentioned values of each place that rows may name in a column.
    private mutating func learn(_ index: Int, _ values: [String]) -> (candidates: [Int32], mentions: [Int32]) {
        switch request.columns[index].kind {
        case .codes: return ([], columns[index].mentions)
        case .identifiers, .numbers:
            let kind = request.columns[index].kind
            var (candidates, mentions): ([Int32], [Int32]) = ([], [])
            for value in values {
                if let mention = columns[index].harmless[value] {
                    candidates.append(-1)
                    mentions.append(mention)
                    continue
                }
                let mention = mentioned[Self.spelled(value)] ?? -1
                mentions.append(mention)
                if let known = columns[index].candidateOf[value] {
                    candidates.append(known)
                } else if isCandidate(value, kind) {
                    candidates.append(begin(value, index))
                } else {
                    candidates.append(-1)
                    if columns[index].harmless.count == Self.mostHarmless {
                        columns[index].harmless.removeAll(keepingCapacity: true)
                    }
                    columns[index].harmless[value] = mention
                }
            }
            return (candidates, mentions)
        }
    }

    private static let mostHarmless = 1 << 16

    private mutating func begin(_ value: String, _ index: Int) -> Int32 {
        let number = Int32(columns[index].candidates.count)
        columns[index].candidates.append(Candidate(value: value))
        columns[index].candidateOf[value] = number
        return number
    }

    /// The verdict, when every row was taken.
    private mutating func finish() -> LeakVerdict {
        look()
        if table != nil {
            findTuples()
            findColumns()
        }
        return verdict
    }

    /// A text in the one spelling in which values are compared.
    static func spelled(_ text: String) -> String { ExactDecimal(csvText: text.utf8)?.text ?? text }

    // MARK: Steps 1, 2 and 4

    /// What a text holds that a private value could be, each with its place in the file.
    private struct Index {
        var words: [String: LeakVerdict.Hit] = [:]
        var numbers: [String: LeakVerdict.Hit] = [:]
        var shingles: [UInt64: LeakVerdict.Hit] = [:]
    }

    private static func plain(_ request: LeakRequest, _ table: CheckedTable?, _ statistics: Set<Int>) -> Index {
        var plain = Index()
        guard let table else {
            plain.words = words(request.bytes, .identifiers)
            plain.numbers = numbers(request.bytes, .numbers)
            return plain
        }
        for (row, cells) in table.rows.enumerated() {
            for (column, cell) in cells.enumerated() {
                let text = cell.text
                if !statistics.contains(column) {
                    let hit = LeakVerdict.Hit(.identifiers, row: row + 1, column: column + 1)
                    for key in LeakWords.keys(text.unicodeScalars) { plain.words[key] = plain.words[key] ?? hit }
                }
                let hit = LeakVerdict.Hit(.numbers, row: row + 1, column: column + 1)
                for number in numbers(Array(text.utf8)) { plain.numbers[number] = plain.numbers[number] ?? hit }
            }
        }
        return plain
    }

    private static func hidden(_ bytes: [UInt8]) -> Index {
        var hidden = Index()
        hidden.shingles = shingles(bytes)
        var level = LeakDecoders.decoded(bytes)
        for depth in 0..<2 {
            for bytes in level {
                hidden.words.merge(words(bytes, .encodings)) { old, _ in old }
                hidden.numbers.merge(numbers(bytes, .encodings)) { old, _ in old }
                hidden.shingles.merge(shingles(bytes)) { old, _ in old }
            }
            // Twice is as deep as it goes. A file that unfolds without end meets the jail's limits, which refuses it.
            level = depth == 0 ? level.flatMap(LeakDecoders.decoded) : []
        }
        return hidden
    }

    private func isCandidate(_ value: String, _ kind: LeakRequest.Column.Kind) -> Bool {
        !hits(of: value, kind).isEmpty || !hiddenShingles(of: value).isEmpty
    }

    /// Where a value stands in the file as a whole.
    private func hits(of value: String, _ kind: LeakRequest.Column.Kind) -> [LeakVerdict.Hit] {
        var hits: [LeakVerdict.Hit?] = []
        if kind == .identifiers || ExactDecimal(csvText: value.utf8) == nil {
            let key = LeakWords.key(value)
            if key.utf8.count >= LeakWords.shortest { hits += [plain.words[key], hidden.words[key]] }
        }
        if let number = Self.number(Array(value.utf8)[...]) { hits += [plain.numbers[number], hidden.numbers[number]] }
        return hits.compactMap { $0 }
    }

    /// The parts of a value that stand in the file and are no public text.
    private func hiddenShingles(of value: String) -> [UInt64] {
        guard value.utf8.count >= 8 else { return [] }
        return Self.shingles(Array(value.utf8)).keys.filter { !open.contains($0) && hidden.shingles[$0] != nil }
    }

    /// Looks at the values that fewer units have than a value must have to be public.
    private mutating func look() {
        var shingleUnits: [UInt64: Int] = [:]
        for (column, kept) in zip(request.columns, columns) {
            for candidate in kept.candidates where (1..<request.minUnits).contains(candidate.count) {
                for hit in hits(of: candidate.value, column.kind) { verdict.add(hit) }
                for shingle in hiddenShingles(of: candidate.value) { shingleUnits[shingle, default: 0] += 1 }
            }
        }
        // What the values of many units begin with is nobody's.
        for (shingle, units) in shingleUnits where units < request.minUnits {
            if let hit = hidden.shingles[shingle] { verdict.add(hit) }
        }
    }

    private static func publicShingles(_ request: LeakRequest) -> Set<UInt64> {
        var open: Set<UInt64> = []
        for column in request.columns {
            for text in [column.name] + column.codes { open.formUnion(shingles(Array(text.utf8)).keys) }
        }
        for name in request.statistics { open.formUnion(shingles(Array(name.utf8)).keys) }
        return open
    }

    private static func words(_ bytes: [UInt8], _ step: LeakVerdict.Step) -> [String: LeakVerdict.Hit] {
        let hit = LeakVerdict.Hit(step, row: 0, column: 0)
        return Dictionary(LeakWords.keys(LeakWords.scalars(bytes)).map { ($0, hit) }) { old, _ in old }
    }

    private static func numbers(_ bytes: [UInt8], _ step: LeakVerdict.Step) -> [String: LeakVerdict.Hit] {
        let hit = LeakVerdict.Hit(step, row: 0, column: 0)
        return Dictionary(numbers(bytes).map { ($0, hit) }) { old, _ in old }
    }

    private static func shingles(_ bytes: [UInt8]) -> [UInt64: LeakVerdict.Hit] {
        let hit = LeakVerdict.Hit(.encodings, row: 0, column: 0)
        var shingles: [UInt64: LeakVerdict.Hit] = [:]
        var packed: UInt64 = 0
        for (index, byte) in bytes.enumerated() {
            packed = packed << 8 | UInt64(byte)
            if index >= 7 { shingles[packed] = hit }
        }
        return shingles
    }

    /// The numbers with at least five significant digits in a text, in one spelling.
    static func numbers(_ bytes: [UInt8]) -> [String] {
        var found: [String] = []
        var start: Int?
        for index in 0...bytes.count {
            let belongs = index < bytes.count && isNumeral(bytes[index])
            if belongs, start == nil { start = index }
            if !belongs, let from = start {
                start = nil
                if let number = number(bytes[from..<index]) {
                    found.append(number)
                } else {
                    // An `e` or a sign that belongs to the text around it.
                    found += bytes[from..<index].split { $0 == 0x65 || $0 == 0x45 || $0 == 0x2b || $0 == 0x2d }
                        .compactMap(number)
                }
            }
        }
        return found
    }

    private static func isNumeral(_ byte: UInt8) -> Bool {
        (0x30...0x39).contains(byte) || byte == 0x2e || byte == 0x2d || byte == 0x2b || byte == 0x65 || byte == 0x45
    }

    private static func number(_ text: ArraySlice<UInt8>) -> String? {
        guard text.count >= 5, let number = ExactDecimal(csvText: text) else { return nil }
        let spelled = number.text
        let digits = spelled.utf8.filter { (0x30...0x39).contains($0) }.drop { $0 == 0x30 }
        let significant = digits.reversed().drop { $0 == 0x30 }.count
        return significant >= 5 ? spelled : nil
    }
}

extension LeakScan.Candidate {
    /// How many units have it, as far as that is counted.
    fileprivate var count: Int { first == nil ? 0 : others.count + 1 }

    /// Counts a unit; enough units are enough.
    fileprivate mutating func add(_ unit: UInt64, most: Int) {
        guard let first else {
            self.first = unit
            return
        }
        guard first != unit, count < most, !others.contains(unit) else { return }
        others.append(unit)
    }
}
