/// Writes the fields of one line.
///
/// Quotes appear only where an id or a code needs them.
enum CSVText {
    /// Appends a line with its line end.
    static func append(_ fields: [String], to out: inout [UInt8]) {
        for (index, field) in fields.enumerated() {
            if index > 0 { out.append(UInt8(ascii: ",")) }
            if field.utf8.contains(where: { $0 == UInt8(ascii: ",") || $0 == UInt8(ascii: "\"") })
                || (fields.count == 1 && field.isEmpty)
            {
                out.append(UInt8(ascii: "\""))
                for byte in field.utf8 {
                    if byte == UInt8(ascii: "\"") { out.append(byte) }
                    out.append(byte)
                }
                out.append(UInt8(ascii: "\""))
            } else {
                out += field.utf8
            }
        }
        out.append(UInt8(ascii: "\n"))
    }
}
