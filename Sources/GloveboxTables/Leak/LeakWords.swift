/// Text as the row-leak scan compares it: NFKC, case folded, without what cannot be seen, split at everything but letters
/// and digits.
///
/// Private values are ASCII, so only characters that fold to ASCII are folded; every other one ends a word.
enum LeakWords {
    /// Shortest word that is looked up, in bytes.
    static let shortest = 4
    /// Most words that are joined to one, so that `Anna Maria` is found where `Anna-Maria` is private.
    private static let joined = 4

    /// A value without everything but its folded letters and digits.
    static func key(_ text: String) -> String { words(text.unicodeScalars).joined() }

    /// Every key that a text holds: its words, and neighbouring words joined.
    static func keys(_ text: some Sequence<Unicode.Scalar>) -> Set<String> {
        let words = words(text)
        var keys: Set<String> = []
        for start in words.indices {
            var key = ""
            for word in words[start..<min(start + joined, words.count)] {
                key += word
                if key.utf8.count >= shortest { keys.insert(key) }
            }
        }
        return keys
    }

    /// The scalars of bytes that are mostly text; what is no UTF-8 ends a word.
    static func scalars(_ bytes: [UInt8]) -> String.UnicodeScalarView {
        // Invalid bytes become U+FFFD, which is no letter.
        String(decoding: bytes, as: UTF8.self).unicodeScalars
    }

    private static func words(_ text: some Sequence<Unicode.Scalar>) -> [String] {
        var words: [String] = []
        var word: [UInt8] = []
        func end() {
            if !word.isEmpty { words.append(String(decoding: word, as: UTF8.self)) }
            word = []
        }
        for scalar in text {
            switch scalar.value {
            case 0x30...0x39, 0x61...0x7a: word.append(UInt8(scalar.value))
            case 0x41...0x5a: word.append(UInt8(scalar.value + 32))
            case 0..<0x80: end()
            case let value where isInvisible(value): continue
            case let value:
                guard let folded = LeakFolding.table[value] else {
                    end()
                    continue
                }
                for byte in folded.utf8 {
                    let isWord = (0x30...0x39).contains(byte) || (0x61...0x7a).contains(byte)
                    if isWord { word.append(byte) } else { end() }
                }
            }
        }
        end()
        return words
    }

    // Default-ignorable characters: nobody sees them, so they part no word.
    private static func isInvisible(_ value: UInt32) -> Bool {
        switch value {
        case 0xad, 0x34f, 0x61c, 0x115f...0x1160, 0x17b4...0x17b5, 0x180b...0x180f, 0x200b...0x200f, 0x202a...0x202e,
            0x2060...0x206f, 0x3164, 0xfe00...0xfe0f, 0xfeff, 0xffa0, 0xe0000...0xe0fff:
            true
        default: false
        }
    }
}
