/// The ids that an administrator has granted to one user beside the own, in a file such as `/etc/subuid`.
///
/// Source: subuid(5), subgid(5).
package struct SubordinateIDs: Sendable, Equatable {
    /// The ranges, in the order of the file.
    package let ranges: [ClosedRange<UInt32>]

    /// Reads a file's text: what it grants to a user by name or by number.
    ///
    /// Nothing is granted by a line that is not exactly `OWNER:FIRST:COUNT` in decimal, nor by one whose ids reach root's,
    /// `own` or the number that means none, nor by one that overlaps an earlier one of the user's or any of somebody else:
    /// jails would not be apart.
    package init(_ text: [UInt8], user: UInt32, name: String, own id: UInt32) {
        var own: [ClosedRange<UInt32>] = []
        var others: [ClosedRange<UInt32>] = []
        for line in text.split(separator: UInt8(ascii: "\n")) {
            guard let (owner, range) = Self.read(line) else { continue }
            let isOwn = owner.elementsEqual(name.utf8) || owner.elementsEqual(String(user).utf8)
            if !isOwn {
                others.append(range)
            } else if !range.contains(id), !own.contains(where: { $0.overlaps(range) }) {
                own.append(range)
            }
        }
        ranges = own.filter { range in !others.contains { $0.overlaps(range) } }
    }

    /// One line; nil when it is not as it should be.
    private static func read(_ line: ArraySlice<UInt8>) -> (owner: ArraySlice<UInt8>, range: ClosedRange<UInt32>)? {
        let fields = line.split(separator: UInt8(ascii: ":"), omittingEmptySubsequences: false)
        guard fields.count == 3, !fields[0].isEmpty, let first = number(fields[1]), let count = number(fields[2]),
            first > 0, count > 0
        else { return nil }
        let (last, overflow) = first.addingReportingOverflow(count - 1)
        return overflow || last == .max ? nil : (fields[0], first...last)
    }

    /// A number in plain decimal; with a zero in front others read it as octal.
    private static func number(_ digits: ArraySlice<UInt8>) -> UInt32? {
        guard digits.first != UInt8(ascii: "0"), digits.allSatisfy({ UInt8(ascii: "0")...UInt8(ascii: "9") ~= $0 })
        else { return nil }
        return UInt32(String(decoding: digits, as: UTF8.self))
    }

    /// How many jails find room, with two ids each.
    package var pairs: Int { ranges.reduce(0) { $0 + $1.count / 2 } }

    /// The first of the two ids of one jail; nil from ``pairs`` on.
    package func pair(_ index: Int) -> UInt32? {
        var rest = index
        for range in ranges {
            if rest < range.count / 2 { return range.lowerBound + UInt32(rest) * 2 }
            rest -= range.count / 2
        }
        return nil
    }
}
