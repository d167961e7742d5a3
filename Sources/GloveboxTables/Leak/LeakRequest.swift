package import GloveboxCore

/// What the row-leak scan is asked: a file that would be released, and the private rows it must not hold.
///
/// Source: release policy section 5.6.
package struct LeakRequest: Hashable, Sendable {
    /// How the file is read beside its bytes.
    package enum Form: UInt8, Sendable {
        /// Bytes alone.
        case bytes = 0
        /// A table with a header.
        case table = 1
    }

    /// A private column.
    package struct Column: Hashable, Sendable {
        /// What the values are.
        package enum Kind: UInt8, Sendable {
            /// Names of units or of anything else: texts, whatever they are made of.
            case identifiers = 0
            /// Codes of the public codebook: what is private is their combination alone.
            case codes = 1
            case numbers = 2
        }

        /// What the values are.
        package let kind: Kind
        /// The column's name.
        package let name: String
        /// The distinct values as a job would see them.
        package let values: [String]
        /// For each row the place of its value; ``missing`` for none.
        package let rows: [UInt32]

        /// Stands for a missing value.
        package static let missing = UInt32.max

        /// Describes a column.
        package init(name: String, kind: Kind, values: [String], rows: [UInt32]) {
            (self.name, self.kind, self.values, self.rows) = (name, kind, values, rows)
        }
    }

    /// A value that fewer units have is private.
    package let minUnits: Int
    /// How the file is read.
    package let form: Form
    /// Columns of the file that hold nothing but the supervisor's own rounded statistics.
    package let statistics: [String]
    /// The bytes that would leave.
    package let bytes: [UInt8]
    /// The privacy unit of each private row, counted from 0.
    package let units: [UInt32]
    /// The private columns.
    package let columns: [Column]

    /// Gathers a request.
    package init(
        minUnits: Int,
        form: Form,
        statistics: [String],
        bytes: [UInt8],
        units: [UInt32],
        columns: [Column]
    ) {
        (self.minUnits, self.form, self.statistics, self.bytes) = (minUnits, form, statistics, bytes)
        (self.units, self.columns) = (units, columns)
    }

    private static let head = Array("gbxl".utf8) + [1]

    /// `"gbxl" 1 form:u8 minUnits:u32 statistics bytes rows:u32 (unit:u32)* columns`, lengths first, big-endian.
    package var encoded: [UInt8] {
        var out = ByteWriter()
        out.bytes = Self.head
        out.u8(form.rawValue)
        out.u32(minUnits)
        out.u32(statistics.count)
        for name in statistics { out.text(name) }
        out.u32(bytes.count)
        out.bytes += bytes
        out.u32(units.count)
        for unit in units { out.u32(Int(unit)) }
        out.u32(columns.count)
        for column in columns {
            out.u8(column.kind.rawValue)
            out.text(column.name)
            out.u32(column.values.count)
            for value in column.values { out.text(value) }
            for row in column.rows { out.u32(Int(row)) }
        }
        return out.bytes
    }

    /// Reads a request.
    ///
    /// - Throws: `format.bytes`.
    package init(decoding bytes: [UInt8]) throws(GloveboxError) {
        var input = ByteReader(bytes)
        guard try input.take(Self.head.count).elementsEqual(Self.head), let form = Form(rawValue: try input.u8())
        else { throw ByteReader.invalid }
        self.form = form
        minUnits = try input.u32()
        var statistics: [String] = []
        for _ in 0..<(try input.u32()) { statistics.append(try input.text()) }
        self.statistics = statistics
        self.bytes = Array(try input.take(input.u32()))
        let rows = try input.u32()
        units = try Self.rows(&input, rows)
        var columns: [Column] = []
        for _ in 0..<(try input.u32()) {
            guard let kind = Column.Kind(rawValue: try input.u8()) else { throw ByteReader.invalid }
            let name = try input.text()
            var values: [String] = []
            for _ in 0..<(try input.u32()) { values.append(try input.text()) }
            let places = try Self.rows(&input, rows)
            guard places.allSatisfy({ $0 == Column.missing || Int($0) < values.count }) else {
                throw ByteReader.invalid
            }
            columns.append(Column(name: name, kind: kind, values: values, rows: places))
        }
        self.columns = columns
        guard input.isAtEnd else { throw ByteReader.invalid }
    }

    private static func rows(_ input: inout ByteReader, _ count: Int) throws(GloveboxError) -> [UInt32] {
        guard count <= input.left / 4 else { throw ByteReader.invalid }
        var rows: [UInt32] = []
        rows.reserveCapacity(count)
        for _ in 0..<count { rows.append(UInt32(try input.u32())) }
        return rows
    }
}
