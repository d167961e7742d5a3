package import GloveboxCore

/// A result as the machine that ran a jail tells it to another; what the program left follows by itself.
extension JailResult {
    /// The account of the run.
    package var json: JSONValue {
        var json = JSONObject([
            ("end", .string(end.text)), ("cpuMicroseconds", .string(String(cpuMicroseconds))),
            ("wallMilliseconds", .string(String(wallMilliseconds))), ("peakMemory", .string(String(peakMemory))),
            ("peakMemoryOfGroup", .bool(peakMemoryOfGroup)), ("denied", .array(denied.map(\.json))),
            ("processLimitHits", .string(String(processLimitHits))), ("suppressed", .string(String(suppressed))),
            ("outBytes", .string(String(streamBytes.out))), ("errorBytes", .string(String(streamBytes.error))),
            ("protections", protections.json), ("readback", readback.json),
        ])
        json["shim"] = deterministic.map { .string($0.shim.hex) }
        return .object(json)
    }

    /// Reads an account; `fixed` is what was asked to be held fixed.
    ///
    /// - Throws: `schema.*`.
    package init(json: JSONValue, fixed: Deterministic?) throws(GloveboxError) {
        var fields = try JSONFields(json, at: "result")
        guard let end = End(text: try fields.string("end")) else {
            throw GloveboxError("schema.value", "result.end is no end of a run")
        }
        let denied = try fields.array("denied").map { (json) throws(GloveboxError) in try Denied(json: json) }
        guard denied.count <= 64 else { throw GloveboxError("schema.value", "result.denied is too long") }
        self.init(
            end: end,
            cpuMicroseconds: try fields.number("cpuMicroseconds"),
            wallMilliseconds: try fields.number("wallMilliseconds"),
            peakMemory: try fields.number("peakMemory"),
            peakMemoryOfGroup: try fields.bool("peakMemoryOfGroup"),
            denied: denied,
            processLimitHits: try fields.number("processLimitHits"),
            suppressed: try fields.number("suppressed"),
            streamBytes: (try fields.number("outBytes"), try fields.number("errorBytes")),
            protections: try JailProtections(json: fields.required("protections")),
            readback: try JailReadback(json: fields.required("readback"))
        )
        let shim = try fields.optionalText("shim").flatMap(Digest.init(hex:))
        guard (shim != nil) == (fixed != nil) else {
            throw GloveboxError("schema.value", "result.shim stands there exactly for a repeatable run")
        }
        if let fixed, let shim { deterministic = Deterministic.Account(fixed: fixed, shim: shim) }
        try fields.finish()
    }
}

extension JailResult.End {
    private static let plain: [(String, Self)] = [
        ("wall", .wallClock), ("memory", .memory), ("cpu", .processorTime), ("output", .outputLimit),
        ("cancelled", .cancelled), ("not-found", .notFound), ("not-executable", .notExecutable),
    ]

    fileprivate var text: String {
        switch self {
        case .exited(let status): "exit \(status)"
        case .signalled(let signal): "signal \(signal)"
        default: Self.plain.first { $0.1 == self }?.0 ?? ""
        }
    }

    fileprivate init?(text: String) {
        if let plain = Self.plain.first(where: { $0.0 == text }) {
            self = plain.1
            return
        }
        let words = text.split(separator: " ", omittingEmptySubsequences: false)
        guard words.count == 2, let number = UInt8(words[1]), String(number) == words[1] else { return nil }
        switch words[0] {
        case "exit": self = .exited(Int32(number))
        case "signal": self = .signalled(Int32(number))
        default: return nil
        }
    }
}

extension JailResult.Denied {
    fileprivate var json: JSONValue {
        [
            "call": .string(call), "argument": .string(argument), "rule": .string(rule),
            "count": .string(String(count)), "first": .string(String(first)),
        ]
    }

    fileprivate init(json: JSONValue) throws(GloveboxError) {
        var fields = try JSONFields(json, at: "result.denied")
        func word(_ text: String) throws(GloveboxError) -> String {
            // It goes into events and onto terminals.
            guard text.utf8.count <= 64, text.utf8.allSatisfy({ $0 >= 0x20 && $0 < 0x7f }) else {
                throw GloveboxError("schema.value", "result.denied has words alone")
            }
            return text
        }
        self.init(
            call: try word(fields.string("call")),
            argument: try word(fields.string("argument")),
            rule: try word(fields.string("rule")),
            count: try fields.number("count"),
            first: try fields.number("first")
        )
        try fields.finish()
    }
}

extension JailProtections {
    /// Reads ``json``.
    ///
    /// - Throws: `schema.*`.
    package init(json: JSONValue) throws(GloveboxError) {
        self.init()
        var fields = try JSONFields(json, at: "protections")
        inForce = try fields.texts("inForce")
        for json in try fields.array("weaker") {
            var one = try JSONFields(json, at: "protections.weaker")
            weaker.append((try one.string("name"), try one.string("reason")))
            try one.finish()
        }
        try fields.finish()
        let names = inForce + weaker.map(\.name)
        guard names.count <= 100, names.allSatisfy({ Identifier.isName($0) }) else {
            throw GloveboxError("schema.value", "protections are named by short words")
        }
    }
}

extension JailReadback {
    private static let texts: [(String, any WritableKeyPath<JailReadback, String> & Sendable)] = [
        ("seccomp", \.seccomp), ("noNewPrivileges", \.noNewPrivileges), ("mounts", \.mounts), ("uidMap", \.uidMap),
        ("identity", \.identity), ("umask", \.umask), ("landlock", \.landlock), ("clocks", \.clocks),
        ("personality", \.personality), ("gidMap", \.gidMap), ("setgroups", \.setgroups), ("oomScore", \.oomScore),
        ("securebits", \.securebits), ("dumpable", \.dumpable),
    ]

    /// The account, for another machine.
    package var json: JSONValue {
        func map(_ texts: [String: String]) -> JSONValue {
            .object(JSONObject(texts.sorted { $0.key < $1.key }.map { ($0.key, .string($0.value)) }))
        }
        var json = JSONObject(Self.texts.map { ($0, .string(self[keyPath: $1])) })
        json["capabilities"] = map(capabilities)
        json["namespaces"] = map(namespaces)
        json["resourceLimits"] = map(Dictionary(uniqueKeysWithValues: resourceLimits.map { (String($0), $1) }))
        json["groups"] = groups.map { .string($0) }
        json["controlGroup"] = controlGroup.map(map)
        json["program"] = program.map { ["path": .string($0.path), "digest": .string($0.digest.hex)] }
        return .object(json)
    }

    /// Reads such an account, of a machine that checked it against its plan.
    ///
    /// - Throws: `schema.*`.
    package init(json: JSONValue) throws(GloveboxError) {
        self.init()
        var fields = try JSONFields(json, at: "readback")
        for (name, path) in Self.texts { self[keyPath: path] = try fields.string(name) }
        capabilities = try fields.textMap("capabilities")
        namespaces = try fields.textMap("namespaces")
        for (number, value) in try fields.textMap("resourceLimits") {
            guard let number = UInt32(number) else { throw GloveboxError("schema.value", "a limit has a number") }
            resourceLimits[number] = value
        }
        groups = try fields.optionalText("groups")
        if let json = fields.optional("controlGroup") {
            controlGroup = try JSONFields.textMap(json, at: "readback.controlGroup")
        }
        if let json = fields.optional("program") {
            var one = try JSONFields(json, at: "readback.program")
            guard let digest = Digest(hex: try one.string("digest")) else {
                throw GloveboxError("schema.type", "readback.program.digest is a SHA-256")
            }
            program = Program(path: try one.string("path"), digest: digest)
            try one.finish()
        }
        try fields.finish()
    }
}
