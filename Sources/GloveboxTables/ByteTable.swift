/// Distinct byte strings, numbered in the order they first appear: codebooks, and the ids of a dataset.
///
/// All bytes stand in one array, so that a million short strings cost little more than themselves. Strings are compared
/// byte by byte; the hash only says where to look.
package struct ByteTable: Sendable {
    private var bytes: [UInt8] = []
    // Where each string ends.
    private var ends: [Int] = []
    // The word of each string.
    private var words: [UInt64] = []
    // Number plus one of the string in each slot; 0 for a free one.
    private var slots: [UInt32]
    // Of this table alone, so that no file can be made to fill one place.
    private let seed = UInt64.random(in: 1...UInt64.max) | 1

    /// An empty table.
    package init() { slots = [UInt32](repeating: 0, count: 64) }

    /// A table of the strings, of which no two are equal.
    package init(_ strings: [String]) {
        self.init()
        for string in strings {
            let bytes = Array(string.utf8)
            _ = number(adding: bytes.span)
        }
    }

    /// How many strings there are.
    package var count: Int { ends.count }

    /// All strings, by number.
    package var strings: [String] { strings(from: 0) }

    /// The strings from a number on.
    package func strings(from first: Int) -> [String] {
        ends.indices[first...].map { String(decoding: bytes[($0 == 0 ? 0 : ends[$0 - 1])..<ends[$0]], as: UTF8.self) }
    }

    /// The number of a string; nil when it is not there.
    package func number(of string: Span<UInt8>) -> Int? {
        let found = slots[slot(of: string)]
        return found == 0 ? nil : Int(found) - 1
    }

    /// The number of a string, which is added when it is not there.
    package mutating func number(adding string: Span<UInt8>) -> Int {
        let slot = slot(of: string)
        let found = slots[slot]
        guard found == 0 else { return Int(found) - 1 }
        for index in string.indices { bytes.append(string[index]) }
        ends.append(bytes.count)
        words.append(Self.word(string))
        slots[slot] = UInt32(ends.count)
        if ends.count * 4 > slots.count * 3 { grow() }
        return ends.count - 1
    }

    // The slot that holds the string, or the free one where it belongs.
    private func slot(of string: Span<UInt8>) -> Int {
        let mask = slots.count - 1
        let word = Self.word(string)
        var slot = Int(truncatingIfNeeded: hash(string, word) & UInt64(mask))
        while slots[slot] != 0, !isEqual(Int(slots[slot]) - 1, string, word) { slot = (slot + 1) & mask }
        return slot
    }

    private func isEqual(_ number: Int, _ string: Span<UInt8>, _ word: UInt64) -> Bool {
        guard words[number] == word else { return false }
        guard word == 0 else { return true }
        let start = number == 0 ? 0 : ends[number - 1]
        guard ends[number] - start == string.count else { return false }
        for index in string.indices where bytes[start + index] != string[index] { return false }
        return true
    }

    // Length and bytes of a string of up to seven, as most codes are, which it tells from all others; 0 for a longer one.
    private static func word(_ string: Span<UInt8>) -> UInt64 {
        guard string.count < 8 else { return 0 }
        var word = UInt64(string.count) + 1
        for index in string.indices { word = word << 8 | UInt64(string[index]) }
        return word
    }

    private func hash(_ string: Span<UInt8>, _ word: UInt64) -> UInt64 {
        var hash = seed ^ word
        if word == 0 {
            for index in string.indices { hash = (hash ^ UInt64(string[index])) &* 0x9e37_79b9_7f4a_7c15 }
        }
        let product = (hash &* 0x9e37_79b9_7f4a_7c15).multipliedFullWidth(by: seed)
        return product.high ^ product.low
    }

    private mutating func grow() {
        var larger = [UInt32](repeating: 0, count: slots.count * 2)
        let mask = larger.count - 1
        let bytes = bytes
        let all = bytes.span
        for number in ends.indices {
            let string = all.extracting((number == 0 ? 0 : ends[number - 1])..<ends[number])
            var slot = Int(truncatingIfNeeded: hash(string, words[number]) & UInt64(mask))
            while larger[slot] != 0 { slot = (slot + 1) & mask }
            larger[slot] = UInt32(number + 1)
        }
        slots = larger
    }
}
