/// The members of a JSON object, names compared as bytes and kept in RFC 8785 order (UTF-16 code units).
package struct JSONObject: Sendable, Hashable {
    /// One member.
    package struct Member: Sendable, Hashable {
        /// The name; compare its UTF-8, never the `String`.
        package let name: String
        /// The value.
        package let value: JSONValue

        package static func == (left: Self, right: Self) -> Bool {
            left.name.utf8.elementsEqual(right.name.utf8) && left.value == right.value
        }

        package func hash(into hasher: inout Hasher) {
            for byte in name.utf8 { hasher.combine(byte) }
            hasher.combine(value)
        }
    }

    /// Members in canonical order.
    package private(set) var members: [Member] = []

    /// An object with no members.
    package init() {}

    /// An object of these members; of two with one name the later stays.
    package init(_ members: [(String, JSONValue)]) {
        self.members.reserveCapacity(members.count)
        for (name, value) in members { self[name] = value }
    }

    /// An object of members that stand in canonical order, no name twice.
    init(inOrder members: [Member]) { self.members = members }

    /// The names in canonical order.
    package var names: [String] { members.map(\.name) }

    /// Reads, sets or (with nil) removes a member.
    package subscript(name: String) -> JSONValue? {
        get {
            let place = find(name)
            return place.found ? members[place.index].value : nil
        }
        set {
            let place = find(name)
            if let newValue {
                let member = Member(name: name, value: newValue)
                if place.found {
                    members[place.index] = member
                } else if place.index == members.count {
                    members.append(member)
                } else {
                    members.insert(member, at: place.index)
                }
            } else if place.found {
                members.remove(at: place.index)
            }
        }
    }

    private func find(_ name: String) -> (found: Bool, index: Int) {
        // Canonical input comes in order.
        guard let last = members.last, !Self.precedes(last.name, name) else { return (false, members.count) }
        var low = 0
        var high = members.count
        while low < high {
            let middle = (low + high) / 2
            if Self.precedes(members[middle].name, name) {
                low = middle + 1
            } else {
                high = middle
            }
        }
        return (low < members.count && members[low].name.utf8.elementsEqual(name.utf8), low)
    }

    /// RFC 8785 order.
    ///
    /// UTF-8 has the order of UTF-16 but for code points above U+FFFF, which there sort before U+E000.
    private static func precedes(_ left: String, _ right: String) -> Bool {
        let (ones, others) = (left.utf8.span, right.utf8.span)
        for at in 0..<min(ones.count, others.count) where ones[at] != others[at] {
            if max(ones[at], others[at]) < 0xf0 { return ones[at] < others[at] }
            return left.utf16.lexicographicallyPrecedes(right.utf16)
        }
        return ones.count < others.count
    }
}
