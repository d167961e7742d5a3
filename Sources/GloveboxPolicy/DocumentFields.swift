package import GloveboxCore
package import GloveboxTables

/// Takes the keys of a policy document one by one, checks type and range, fills defaults, and keeps the filled form.
///
/// What it read is in ``filled`` exactly as the typed value says, so that the canonical document and its digest can never
/// differ from what is enforced. Source: release policy sections 3.1 and 3.2.
package struct DocumentFields {
    /// Where the object stands, for errors and for nested paths; empty for the document.
    package let path: String
    /// The keys taken so far, in canonical spelling.
    package private(set) var filled = JSONObject()
    private var left: JSONObject

    /// Starts on an object.
    ///
    /// - Throws: `document.type` when the value is no object.
    package init(_ value: JSONValue, at path: String) throws(GloveboxError) {
        guard let object = value.object else {
            throw GloveboxError("document.type", "\(path.isEmpty ? "the document" : path) must be a mapping")
        }
        self.path = path
        self.left = object
    }

    /// Starts on a document of that kind.
    ///
    /// - Throws: `document.type`, `document.value`, `document.missing-key`.
    package init(_ value: JSONValue, kind: String) throws(GloveboxError) {
        try self.init(value, at: "")
        guard try text("apiVersion") == "glovebox/v1" else { throw wrongValue("apiVersion", "must be glovebox/v1") }
        guard try text("kind") == kind else { throw wrongValue("kind", "must be \(kind)") }
    }

    /// Starts on the bytes of a JSON file that a job request brings along: at most 64 KiB, 16 deep.
    ///
    /// - Throws: `json.*`, and as the other.
    package init(bytes: [UInt8], kind: String) throws(GloveboxError) {
        var limits = JSONReader.Limits()
        limits.bytes = 65536
        limits.depth = 16
        try self.init(JSONReader.read(bytes, limits: limits), kind: kind)
    }

    /// Whether the key is there and not taken yet.
    package func has(_ name: String) -> Bool { left[name] != nil }

    /// Whether the key is there, not taken yet, and has that value.
    package func holds(_ name: String, _ value: JSONValue) -> Bool { left[name] == value }

    /// Takes a key as it is; nil when it is missing.
    ///
    /// The caller keeps what it made of it.
    package mutating func take(_ name: String) -> JSONValue? {
        defer { left[name] = nil }
        return left[name]
    }

    /// Keeps the canonical form of a key.
    package mutating func keep(_ name: String, _ value: JSONValue) { filled[name] = value }

    /// Ends the reading and gives the canonical object.
    ///
    /// - Throws: `document.unknown-key` naming every key that nobody took.
    package func finish() throws(GloveboxError) -> JSONValue {
        guard left.members.isEmpty else {
            let names = left.names.map { at(Display.escape($0)) }
            throw GloveboxError("document.unknown-key", "unknown key: \(names.joined(separator: ", "))")
        }
        return .object(filled)
    }

    /// The path of a key of this object.
    package func at(_ name: String) -> String { path.isEmpty ? name : path + "." + name }

    /// The error for a key of the wrong type.
    package func wrongType(_ name: String, _ what: String) -> GloveboxError {
        GloveboxError("document.type", "\(at(name)) must be \(what)")
    }

    /// The error for a key with a value that is not allowed.
    package func wrongValue(_ name: String, _ what: String) -> GloveboxError {
        GloveboxError("document.value", "\(at(name)) \(what)")
    }

    /// The error for a key that must be there.
    package func missing(_ name: String) -> GloveboxError {
        GloveboxError("document.missing-key", "\(at(name)) is missing")
    }
}

// MARK: Scalars

extension DocumentFields {
    /// Takes an integer in a range.
    ///
    /// - Throws: `document.missing-key`, `document.type` or `document.value`.
    package mutating func integer(
        _ name: String,
        _ range: ClosedRange<Int64>,
        default fallback: Int64? = nil
    ) throws(GloveboxError) -> Int64 {
        guard let value = take(name) ?? fallback.map(JSONValue.integer) else { throw missing(name) }
        guard let number = value.integer else { throw wrongType(name, "an integer") }
        guard range.contains(number) else {
            throw wrongValue(name, "must be in \(range.lowerBound)…\(range.upperBound)")
        }
        keep(name, value)
        return number
    }

    /// Takes a truth value.
    ///
    /// - Throws: `document.missing-key` or `document.type`.
    package mutating func bool(_ name: String, default fallback: Bool? = nil) throws(GloveboxError) -> Bool {
        guard let value = take(name) ?? fallback.map(JSONValue.bool) else { throw missing(name) }
        guard let flag = value.bool else { throw wrongType(name, "true or false") }
        keep(name, value)
        return flag
    }

    /// Takes a text.
    ///
    /// - Throws: `document.missing-key` or `document.type`.
    package mutating func text(_ name: String, default fallback: String? = nil) throws(GloveboxError) -> String {
        guard let value = take(name) ?? fallback.map(JSONValue.string) else { throw missing(name) }
        guard let text = value.string else { throw wrongType(name, "a text (put it in quotes)") }
        keep(name, value)
        return text
    }

    /// Takes one word of an enumeration.
    ///
    /// - Throws: `document.missing-key`, `document.type` or `document.value`.
    package mutating func choice<Word: DocumentWord>(
        _ name: String,
        default fallback: Word? = nil
    ) throws(GloveboxError) -> Word {
        let text = try text(name, default: fallback?.rawValue)
        guard let word = Word(rawValue: text) else { throw wrongValue(name, "must be one of \(Word.list)") }
        return word
    }

    /// Takes a list of distinct words of an enumeration, at least one, and keeps them in their declared order.
    ///
    /// - Throws: `document.missing-key`, `document.type` or `document.value`.
    package mutating func choices<Word: DocumentWord>(
        _ name: String,
        default fallback: [Word]? = nil
    ) throws(GloveboxError) -> [Word] {
        let texts = try texts(name, 1...64, default: fallback?.map(\.rawValue))
        for text in texts where Word(rawValue: text) == nil { throw wrongValue(name, "may hold only \(Word.list)") }
        let words = Word.allCases.filter { texts.contains($0.rawValue) }
        keep(name, .array(words.map { .string($0.rawValue) }))
        return words
    }

    /// Takes a list of distinct texts.
    ///
    /// - Throws: `document.missing-key`, `document.type` or `document.value`.
    package mutating func texts(
        _ name: String,
        _ count: ClosedRange<Int>,
        default fallback: [String]? = nil
    ) throws(GloveboxError) -> [String] {
        guard let value = take(name) ?? fallback.map({ .array($0.map(JSONValue.string)) }) else { throw missing(name) }
        guard let elements = value.array else { throw wrongType(name, "a list") }
        var texts: [String] = []
        for element in elements {
            guard let text = element.string else { throw wrongType(name, "a list of texts (put each in quotes)") }
            guard !texts.contains(where: { $0.utf8.elementsEqual(text.utf8) }) else {
                throw wrongValue(name, "names '\(Display.escape(text))' twice")
            }
            texts.append(text)
        }
        guard count.contains(texts.count) else {
            throw wrongValue(name, "must have \(count.lowerBound) to \(count.upperBound) entries")
        }
        keep(name, value)
        return texts
    }

    /// Takes a list of distinct integers in rising order.
    ///
    /// - Throws: `document.missing-key`, `document.type` or `document.value`.
    package mutating func integers(
        _ name: String,
        _ range: ClosedRange<Int64>,
        default fallback: [Int64]? = nil
    ) throws(GloveboxError) -> [Int64] {
        guard let value = take(name) ?? fallback.map({ .array($0.map(JSONValue.integer)) }) else { throw missing(name) }
        guard let elements = value.array else { throw wrongType(name, "a list") }
        var numbers: [Int64] = []
        for element in elements {
            guard let number = element.integer else { throw wrongType(name, "a list of integers") }
            guard range.contains(number), number > numbers.last ?? Int64.min else {
                throw wrongValue(name, "must rise and stay in \(range.lowerBound)…\(range.upperBound)")
            }
            numbers.append(number)
        }
        guard (1...64).contains(numbers.count) else { throw wrongValue(name, "must have 1 to 64 entries") }
        keep(name, value)
        return numbers
    }

    /// Takes a quoted decimal in a range, bounds included, and keeps its one spelling.
    ///
    /// - Throws: `document.missing-key`, `document.type` or `document.value`.
    package mutating func decimal(
        _ name: String,
        _ range: ClosedRange<ExactDecimal>,
        default fallback: ExactDecimal? = nil
    ) throws(GloveboxError) -> ExactDecimal {
        let text = try text(name, default: fallback?.text)
        guard let number = ExactDecimal(policyText: text) else {
            throw wrongValue(name, "must be a quoted decimal number such as \"0.25\"")
        }
        guard range.contains(number) else {
            throw wrongValue(name, "must be in \(range.lowerBound.text)…\(range.upperBound.text)")
        }
        keep(name, .string(number.text))
        return number
    }

    /// Takes a duration such as `15m` in seconds and keeps it in its largest whole unit.
    ///
    /// - Throws: `document.missing-key`, `document.type` or `document.value`.
    package mutating func duration(_ name: String, default fallback: String? = nil) throws(GloveboxError) -> Int64 {
        let text = try text(name, default: fallback)
        let units: [Character: Int64] = ["s": 1, "m": 60, "h": 3600]
        let digits = text.dropLast()
        guard let unit = text.last.flatMap({ units[$0] }), (1...6).contains(digits.utf8.count),
            digits.utf8.allSatisfy({ (48...57).contains($0) }), digits.first != "0", let count = Int64(digits)
        else { throw wrongValue(name, "must be a duration such as 30s, 15m or 2h") }
        let seconds = count * unit
        let spelling =
            seconds % 3600 == 0 ? "\(seconds / 3600)h" : seconds % 60 == 0 ? "\(seconds / 60)m" : "\(seconds)s"
        keep(name, .string(spelling))
        return seconds
    }
}
