/// A parsed JSON object of a job: names and typed cells, and nothing else of the bytes the job wrote.
package struct CheckedRecord: Hashable, Sendable {
    /// What stands under a name.
    package enum Value: Hashable, Sendable {
        /// A label or number.
        case cell(CheckedTable.Cell)
        /// An object of labels or numbers.
        case cells([String: CheckedTable.Cell])
    }

    /// Greatest number of members of one object.
    package static let maxMembers = 256
    /// Greatest length of a name in bytes.
    package static let maxNameBytes = 96

    /// The members.
    package let members: [String: Value]

    /// Makes a record.
    package init(_ members: [String: Value]) { self.members = members }

    /// Whether the text may be the name of a member: labels joined by `=`.
    package static func isName(_ text: String) -> Bool {
        (1...maxNameBytes).contains(text.utf8.count)
            && text.utf8.allSatisfy { byte in TableLabel.isValid(CollectionOfOne(byte)) || "=+-@".utf8.contains(byte) }
    }

    /// The canonical bytes: members by name, no spaces, no final newline.
    ///
    /// A number that a reader of JSON might not take stands as a string. Source: release policy section 8.2.
    package var json: [UInt8] {
        func object<Value>(_ members: [String: Value], _ text: (Value) -> String) -> String {
            // Names and labels hold nothing that JSON escapes, and sort alike as bytes and as UTF-16.
            let parts = members.sorted { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }
                .map { "\"\($0.key)\":\(text($0.value))" }
            return "{" + parts.joined(separator: ",") + "}"
        }
        func text(_ cell: CheckedTable.Cell) -> String {
            guard case .number(let number, _) = cell, number.isShort else { return "\"\(cell.text)\"" }
            return number.text
        }
        return Array(
            object(members) { value in
                switch value {
                case .cell(let cell): text(cell)
                case .cells(let cells): object(cells, text)
                }
            }.utf8
        )
    }
}
