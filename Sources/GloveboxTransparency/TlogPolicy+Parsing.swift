package import GloveboxCore

extension TlogPolicy {
    private static let maxBytes = 1 << 20

    /// Reads a policy file.
    ///
    /// - Throws: `log.policy` for an unknown line, a name used before it stands, a name, member or key that stands
    ///   twice, or a file without exactly one quorum.
    package init(parsing bytes: [UInt8]) throws(GloveboxError) {
        guard bytes.count <= Self.maxBytes, let text = String(validating: bytes, as: UTF8.self) else {
            throw Self.refused("the file is not UTF-8 of at most \(Self.maxBytes) bytes", 0)
        }
        self.init()
        var hasQuorum = false
        var keys: Set<[UInt8]> = []
        var taken: Set<String> = []
        let lines = text.utf8.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
        for (offset, line) in lines.enumerated() {
            let number = offset + 1
            let words = line.split { $0 == UInt8(ascii: " ") || $0 == UInt8(ascii: "\t") }
                .map { String(decoding: $0, as: UTF8.self) }
            guard let keyword = words.first, !keyword.utf8.starts(with: "#".utf8) else { continue }
            guard words.dropFirst().allSatisfy({ $0.utf8.allSatisfy { (0x21...0x7e).contains($0) } }) else {
                throw Self.refused("a name or key has bytes other than printable ASCII", number)
            }
            switch keyword {
            case "log" where words.count == 2 || words.count == 3:
                logs.append(try Self.key(words[1], .log, &keys, number))
            case "witness" where words.count == 3 || words.count == 4:
                try define(words[1], number)
                witnesses[words[1]] = try Self.key(words[2], .witness, &keys, number)
                if words.count == 4 { addresses[words[1]] = words[3] }
            case "group" where words.count >= 4:
                try define(words[1], number)
                groups[words[1]] = try group(words[2], Array(words[3...]), &taken, number)
            case "quorum" where words.count == 2 && !hasQuorum:
                hasQuorum = true
                if words[1] != "none" {
                    try use(words[1], number)
                    quorum = words[1]
                }
            default:
                throw Self.refused("\(Display.escape(keyword)) is no known line, or has too few or many words", number)
            }
        }
        guard hasQuorum, !logs.isEmpty else {
            throw Self.refused("a log line or the quorum line is missing", lines.count)
        }
    }

    private func group(
        _ rule: String,
        _ members: [String],
        _ taken: inout Set<String>,
        _ line: Int
    ) throws(GloveboxError) -> Group {
        for member in members {
            try use(member, line)
            // One group a member, so that the groups form a tree and counting them stays linear.
            guard taken.insert(member).inserted else { throw Self.refused("\(member) is a member twice", line) }
        }
        let threshold: Int
        switch rule {
        case "all": threshold = members.count
        case "any": threshold = 1
        default:
            guard let number = Decimal.read(rule.utf8), number >= 1, number <= UInt64(members.count) else {
                throw Self.refused("a group's rule is all, any, or a number from 1 to its members", line)
            }
            threshold = Int(number)
        }
        return Group(threshold: threshold, members: members)
    }

    private func define(_ name: String, _ line: Int) throws(GloveboxError) {
        guard name != "none", witnesses[name] == nil, groups[name] == nil else {
            throw Self.refused("the name \(name) is taken", line)
        }
    }

    private func use(_ name: String, _ line: Int) throws(GloveboxError) {
        guard witnesses[name] != nil || groups[name] != nil else {
            throw Self.refused("\(name) is not defined before it is used", line)
        }
    }

    private static func key(
        _ text: String,
        _ kind: NoteKeyKind,
        _ keys: inout Set<[UInt8]>,
        _ line: Int
    ) throws(GloveboxError) -> NoteKey {
        let key: NoteKey
        do {
            key = try NoteKey(vkey: text)
        } catch {
            throw refused(error.message, line)
        }
        guard key.kind == kind else { throw refused("the key is of another kind than the line", line) }
        guard keys.insert(key.publicKey).inserted else { throw refused("a key stands twice", line) }
        return key
    }

    private static func refused(_ message: String, _ line: Int) -> GloveboxError {
        GloveboxError("log.policy", "policy line \(line): \(message)")
    }
}
