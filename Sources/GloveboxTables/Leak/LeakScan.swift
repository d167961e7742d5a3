/// The row-leak scan: whether a file that would be released holds what is only one unit's, or a few units'.
///
/// It runs in the checker's jail, where the private rows are and nothing goes out but a verdict of fixed length. The file
/// is small and the rows are many, so what the file holds is indexed and the private values are looked up in it.
/// Source: release policy section 5.6.
package struct LeakScan {
    let request: LeakRequest
    let table: CheckedTable?
    /// The columns of the table in which nothing but statistics stand.
    let statistics: Set<Int>
    var verdict = LeakVerdict()

    /// Scans; a table that cannot be read as one is scanned as bytes.
    package static func run(_ request: LeakRequest) -> LeakVerdict {
        var scan = LeakScan(request)
        scan.findValues()
        if scan.table != nil {
            scan.findTuples()
            scan.findColumns()
        }
        return scan.verdict
    }

    private init(_ request: LeakRequest) {
        self.request = request
        if request.form == .table, case .table(let table) = Checker.parse(request.bytes, limits: .ceiling) {
            self.table = table
            statistics = Set(table.header.indices.filter { request.statistics.contains(table.header[$0]) })
        } else {
            (table, statistics) = (nil, [])
        }
    }

    /// The private values of a column that fewer units have than a value must have to be public.
    func rareValues(_ column: LeakRequest.Column) -> [String] {
        guard column.kind != .codes else { return [] }
        var units = [Set<UInt32>](repeating: [], count: column.values.count)
        for (row, place) in column.rows.enumerated() where place != LeakRequest.Column.missing {
            // Enough units are enough.
            if units[Int(place)].count < request.minUnits { units[Int(place)].insert(request.units[row]) }
        }
        return column.values.indices.filter { (1..<request.minUnits).contains(units[$0].count) }.map {
            column.values[$0]
        }
    }

    // MARK: Steps 1, 2 and 4

    /// What a text holds that a private value could be, each with its place in the file.
    private struct Index {
        var words: [String: LeakVerdict.Hit] = [:]
        var numbers: [String: LeakVerdict.Hit] = [:]
        var shingles: [UInt64: LeakVerdict.Hit] = [:]
    }

    private mutating func findValues() {
        var plain = Index()
        if let table {
            for (row, cells) in table.rows.enumerated() {
                for (column, cell) in cells.enumerated() {
                    let text = cell.text
                    if !statistics.contains(column) {
                        let hit = LeakVerdict.Hit(.identifiers, row: row + 1, column: column + 1)
                        for key in LeakWords.keys(text.unicodeScalars) { plain.words[key] = plain.words[key] ?? hit }
                    }
                    let hit = LeakVerdict.Hit(.numbers, row: row + 1, column: column + 1)
                    for number in Self.numbers(Array(text.utf8)) {
                        plain.numbers[number] = plain.numbers[number] ?? hit
                    }
                }
            }
        } else {
            plain.words = Self.words(request.bytes, .identifiers)
            plain.numbers = Self.numbers(request.bytes, .numbers)
        }
        var hidden = Index()
        hidden.shingles = Self.shingles(request.bytes)
        var level = LeakDecoders.decoded(request.bytes)
        for depth in 0..<2 {
            for bytes in level {
                hidden.words.merge(Self.words(bytes, .encodings)) { old, _ in old }
                hidden.numbers.merge(Self.numbers(bytes, .encodings)) { old, _ in old }
                hidden.shingles.merge(Self.shingles(bytes)) { old, _ in old }
            }
            // Twice is as deep as it goes. A file that unfolds without end meets the jail's limits, which refuses it.
            level = depth == 0 ? level.flatMap(LeakDecoders.decoded) : []
        }
        look(plain, hidden)
    }

    private mutating func look(_ plain: Index, _ hidden: Index) {
        var shingleUnits: [UInt64: Int] = [:]
        let open = publicShingles()
        for column in request.columns {
            for value in rareValues(column) {
                let key = LeakWords.key(value)
                let isNumber = ExactDecimal(csvText: value.utf8) != nil
                if key.utf8.count >= LeakWords.shortest, !isNumber || column.kind == .identifiers {
                    if let hit = plain.words[key] { verdict.add(hit) }
                    if let hit = hidden.words[key] { verdict.add(hit) }
                }
                if let number = Self.number(Array(value.utf8)[...]) {
                    if let hit = plain.numbers[number] { verdict.add(hit) }
                    if let hit = hidden.numbers[number] { verdict.add(hit) }
                }
                guard value.utf8.count >= 8 else { continue }
                for shingle in Self.shingles(Array(value.utf8)).keys
                where !open.contains(shingle) && hidden.shingles[shingle] != nil {
                    shingleUnits[shingle, default: 0] += 1
                }
            }
        }
        // What the values of many units begin with is nobody's.
        for (shingle, units) in shingleUnits where units < request.minUnits {
            if let hit = hidden.shingles[shingle] { verdict.add(hit) }
        }
    }

    private func publicShingles() -> Set<UInt64> {
        var open: Set<UInt64> = []
        for column in request.columns {
            open.formUnion(Self.shingles(Array(column.name.utf8)).keys)
            guard column.kind == .codes else { continue }
            for value in column.values { open.formUnion(Self.shingles(Array(value.utf8)).keys) }
        }
        for name in request.statistics { open.formUnion(Self.shingles(Array(name.utf8)).keys) }
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
