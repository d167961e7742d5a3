package import GloveboxCore

/// What the row-leak scan is asked: a file that would be released, and the private columns whose rows it must not hold.
///
/// The rows follow it, group by group: ``LeakRows``. Source: release policy section 5.6.
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
        /// The codebook, for codes alone.
        package let codes: [String]

        /// Describes a column.
        package init(name: String, kind: Kind, codes: [String] = []) {
            (self.name, self.kind, self.codes) = (name, kind, codes)
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
    /// The private columns.
    package let columns: [Column]

    /// Gathers a request.
    package init(minUnits: Int, form: Form, statistics: [String], bytes: [UInt8], columns: [Column]) {
        (self.minUnits, self.form, self.statistics, self.bytes) = (minUnits, form, statistics, bytes)
        self.columns = columns
    }

    private static let head = Array("gbxl".utf8) + [2]

    /// `"gbxl" 2 form:u8 minUnits:u32 statistics bytes columns`, lengths first, big-endian; the rows follow.
    package var encoded: [UInt8] {
        var out = ByteWriter()
        out.bytes = Self.head
        out.u8(form.rawValue)
        out.u32(minUnits)
        out.u32(statistics.count)
        for name in statistics { out.text(name) }
        out.u32(bytes.count)
        out.bytes += bytes
        out.u32(columns.count)
        for column in columns {
            out.u8(column.kind.rawValue)
            out.text(column.name)
            out.u32(column.codes.count)
            for code in column.codes { out.text(code) }
        }
        return out.bytes
    }

    /// Reads a request, and leaves the input where the rows begin.
    ///
    /// - Throws: `format.bytes`, also for a file of more bytes than `maxBytes`; what the source throws.
    package init(_ input: inout PieceReader, maxBytes: Int) throws(GloveboxError) {
        guard try input.take(Self.head.count).elementsEqual(Self.head), let form = Form(rawValue: try input.u8())
        else { throw ByteReader.invalid }
        self.form = form
        minUnits = try input.u32()
        var statistics: [String] = []
        for _ in 0..<(try input.u32()) { statistics.append(try input.text()) }
        self.statistics = statistics
        let count = try input.u32()
        guard count <= maxBytes else { throw ByteReader.invalid }
        bytes = Array(try input.take(count))
        var columns: [Column] = []
        for _ in 0..<(try input.u32()) {
            guard let kind = Column.Kind(rawValue: try input.u8()) else { throw ByteReader.invalid }
            let name = try input.text()
            var codes: [String] = []
            for _ in 0..<(try input.u32()) { codes.append(try input.text()) }
            columns.append(Column(name: name, kind: kind, codes: codes))
        }
        self.columns = columns
    }
}
