package import GloveboxCore

/// The private bodies in an export, `bodies.jsonl`: one canonical JSON object a line, by rising index.
///
/// They are read side by side with the log, so that each is compared with its leaf.
package struct BodyFile: Sendable {
    /// Greatest length of the file in bytes.
    package static let maxBytes = 1 << 30

    private let bytes: [UInt8]
    private var place = 0
    private var next: BodyDisclosure?
    /// How many were read so far.
    package private(set) var count = 0

    /// Starts at the first line.
    ///
    /// - Throws: `audit.body-format`.
    package init(_ bytes: [UInt8]) throws(GloveboxError) {
        self.bytes = bytes
        next = try readLine()
    }

    /// The body shown for an event, compared with its leaf; nil when none is shown.
    ///
    /// Events must come in the order of the log.
    ///
    /// - Throws: `audit.body-mismatch`, `audit.body-format`.
    package mutating func body(of event: PublicEvent) throws(GloveboxError) -> BodyDisclosure? {
        guard let body = next, body.index <= event.index else { return nil }
        guard body.index == event.index else { throw Self.misplaced(body) }
        try body.check(against: event.bodyCommit)
        count += 1
        next = try readLine()
        guard let next, next.index <= event.index else { return body }
        throw Self.misplaced(next)
    }

    /// Checks that no body is left over.
    ///
    /// - Throws: `audit.body-format`.
    package func finish() throws(GloveboxError) {
        if let next { throw Self.misplaced(next) }
    }

    private mutating func readLine() throws(GloveboxError) -> BodyDisclosure? {
        guard place < bytes.count else { return nil }
        guard let end = bytes[place...].firstIndex(of: UInt8(ascii: "\n")) else {
            throw GloveboxError("audit.body-format", "the private bodies end in the middle of a line")
        }
        let line = Array(bytes[place..<end])
        place = end + 1
        do { return try BodyDisclosure(json: JSONReader.readCanonical(line)) } catch {
            throw GloveboxError("audit.body-format", "a private body cannot be read: \(error.message)")
        }
    }

    private static func misplaced(_ body: BodyDisclosure) -> GloveboxError {
        GloveboxError("audit.body-format", "the private body shown for entry \(body.index) belongs to no event there")
    }
}
