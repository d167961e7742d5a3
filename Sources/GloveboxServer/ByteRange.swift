/// The one range of bytes that a request asks for.
///
/// Source: RFC 9110, section 14.
enum ByteRange {
    /// Reads the header for a file of a length.
    ///
    /// - Returns: the bytes asked for; an empty range when there are none, which is status 416; nil for a header that
    ///   is to be passed over: another unit, several ranges, a bad form.
    static func read(_ header: String, length: Int) -> Range<Int>? {
        guard header.utf8.starts(with: "bytes=".utf8) else { return nil }
        let ends = header.dropFirst(6).split(separator: "-", omittingEmptySubsequences: false)
        guard ends.count == 2, !(ends[0].isEmpty && ends[1].isEmpty) else { return nil }
        if ends[0].isEmpty {
            guard let count = number(ends[1]) else { return nil }
            return max(0, length - count)..<length
        }
        guard let first = number(ends[0]) else { return nil }
        guard !ends[1].isEmpty else { return min(first, length)..<length }
        guard let last = number(ends[1]), first <= last else { return nil }
        return min(first, length)..<min(last + 1, length)
    }

    private static func number(_ text: Substring) -> Int? {
        guard text.utf8.count <= 15, text.utf8.allSatisfy({ (48...57).contains($0) }) else { return nil }
        return Int(text)
    }
}
