internal import GloveboxCore

/// Reads a JSON object of labels and numbers, at most one object deep.
///
/// The strict reader of signed JSON knows no fractions. Here each of them becomes a string with the same text first, which
/// the rest then treats alike: a number may be written as a string anyway. Source: release policy section 8.2.
enum RecordParser {
    /// The record.
    ///
    /// - Throws: a fault of kind `json` for anything else.
    static func record(_ bytes: [UInt8]) throws(CSVFault) -> CheckedRecord {
        let fault = CSVFault(.json, line: 0)
        let value: JSONValue
        do throws(GloveboxError) {
            var limits = JSONReader.Limits()
            limits.depth = 2
            value = try JSONReader.read(try withoutFractions(bytes), limits: limits)
        } catch { throw fault }
        guard let object = value.object, object.members.count <= CheckedRecord.maxMembers else { throw fault }
        var members: [String: CheckedRecord.Value] = [:]
        for member in object.members {
            guard CheckedRecord.isName(member.name) else { throw fault }
            guard let inner = member.value.object else {
                members[member.name] = .cell(try cell(member.value))
                continue
            }
            guard inner.members.count <= CheckedRecord.maxMembers else { throw fault }
            var cells: [String: CheckedTable.Cell] = [:]
            for member in inner.members {
                guard CheckedRecord.isName(member.name) else { throw fault }
                cells[member.name] = try cell(member.value)
            }
            members[member.name] = .cells(cells)
        }
        return CheckedRecord(members)
    }

    private static func cell(_ value: JSONValue) throws(CSVFault) -> CheckedTable.Cell {
        let text = value.integer.map { String($0) } ?? value.string
        guard let text, let kind = CheckedTable.Cell.Kind(Array(text.utf8).span) else { throw CSVFault(.json, line: 0) }
        return CheckedTable.Cell(kind, text: text)
    }

    // Puts quotes around numbers with a fraction or an exponent.
    private static func withoutFractions(_ bytes: [UInt8]) throws(GloveboxError) -> [UInt8] {
        var out: [UInt8] = []
        var (isInString, isEscaped) = (false, false)
        var at = 0
        while at < bytes.count {
            let byte = bytes[at]
            if !isInString, byte == UInt8(ascii: "-") || isDigit(byte) {
                let end = bytes[at...].firstIndex { !isDigit($0) && !"+-.eE".utf8.contains($0) } ?? bytes.count
                out += try number(bytes[at..<end])
                at = end
                continue
            }
            if byte == UInt8(ascii: "\""), !isEscaped { isInString.toggle() }
            isEscaped = isInString && byte == UInt8(ascii: "\\") && !isEscaped
            out.append(byte)
            at += 1
        }
        return out
    }

    // Fractions as JSON writes them, of 15 significant digits and 10^-6 <= |v| < 10^21.
    private static func number(_ text: ArraySlice<UInt8>) throws(GloveboxError) -> [UInt8] {
        guard text.contains(where: { ".eE".utf8.contains($0) }) else { return Array(text) }
        var rest = text
        if rest.first == UInt8(ascii: "-") { rest.removeFirst() }
        let whole = rest.prefix(while: isDigit)
        var after = rest.dropFirst(whole.count)
        guard whole.first != UInt8(ascii: "0") || whole.count == 1, !whole.isEmpty else { throw wrong }
        if after.first == UInt8(ascii: ".") {
            after.removeFirst()
            guard after.first.map(isDigit) == true else { throw wrong }
        }
        guard let number = ExactDecimal(csvText: text), number.isShort else { throw wrong }
        return [UInt8(ascii: "\"")] + text + [UInt8(ascii: "\"")]
    }

    private static let wrong = GloveboxError("json.number", "a number is out of range or has more than 15 digits")

    private static func isDigit(_ byte: UInt8) -> Bool { byte >= UInt8(ascii: "0") && byte <= UInt8(ascii: "9") }
}
