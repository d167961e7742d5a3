package import GloveboxCore

/// A jail as one machine describes it to another: without its root, which goes by digest, and without open files.
extension JailSpecification {
    /// The description; binds of a host's own paths have none.
    package var json: JSONValue {
        var json = JSONObject([
            ("arguments", .array(arguments.map { .string($0) })),
            ("environment", Self.texts(environment)), ("directory", .string(directory)),
            ("hostname", .string(hostname)), ("isolatedCache", .bool(isolatedCache)),
            ("staged", .array(staged.map(\.json))), ("hasOutput", .bool(hasOutput)), ("limits", limits.json),
            ("profile", .string(profile.name)), ("required", .array(required.map { .string($0) })),
            ("measuresProgram", .bool(measuresProgram)),
        ])
        json["outputAlias"] = outputAlias.map { .string($0) }
        json["deterministic"] = deterministic.map {
            ["seed": .string(String($0.seed)), "clock": .string(String($0.clock.seconds))]
        }
        return .object(json)
    }

    /// Reads a description; the profile is one of this program's own.
    ///
    /// - Throws: `schema.*`, `profile.unknown`, `jail.deterministic`.
    package init(json: JSONValue, root: Root) throws(GloveboxError) {
        var fields = try JSONFields(json, at: "jail")
        self.init(
            root: root,
            arguments: try fields.texts("arguments"),
            profile: try ShippedProfiles.named(fields.string("profile"))
        )
        environment = try fields.textMap("environment")
        directory = try fields.string("directory")
        hostname = try fields.string("hostname")
        isolatedCache = try fields.bool("isolatedCache")
        for json in try fields.array("staged") { staged.append(try Staged(json: json)) }
        hasOutput = try fields.bool("hasOutput")
        outputAlias = try fields.optionalText("outputAlias")
        limits = try JailLimits(json: fields.required("limits"))
        required = try fields.texts("required")
        measuresProgram = try fields.bool("measuresProgram")
        if let json = fields.optional("deterministic") {
            var fixed = try JSONFields(json, at: "jail.deterministic")
            let (seed, clock) = (try fixed.number("seed"), try fixed.number("clock"))
            try fixed.finish()
            guard let seconds = Int64(exactly: clock), seconds <= 1 << 40 else {
                throw GloveboxError("schema.value", "jail.deterministic.clock is no time")
            }
            deterministic = try Deterministic(seed: seed, clock: Instant(seconds: seconds))
        }
        try fields.finish()
    }

    fileprivate static func texts(_ map: [String: String]) -> JSONValue {
        .object(JSONObject(map.sorted { $0.key < $1.key }.map { ($0.key, .string($0.value)) }))
    }
}

extension JailSpecification.Staged {
    fileprivate var json: JSONValue {
        [
            "path": .string(path), "bytes": .string(String(bytes)), "inodes": .string(String(inodes)),
            "isWritable": .bool(isWritable),
        ]
    }

    fileprivate init(json: JSONValue) throws(GloveboxError) {
        var fields = try JSONFields(json, at: "jail.staged")
        self.init(
            path: try fields.string("path"),
            bytes: try fields.number("bytes"),
            inodes: try fields.number("inodes")
        )
        isWritable = try fields.bool("isWritable")
        try fields.finish()
    }
}

extension JailLimits {
    private static let names: [(String, any WritableKeyPath<JailLimits, UInt64> & Sendable)] = [
        ("memory", \.memory), ("processes", \.processes), ("milliCPUs", \.milliCPUs), ("diskRate", \.diskRate),
        ("wallMilliseconds", \.wallMilliseconds), ("graceMilliseconds", \.graceMilliseconds),
        ("cpuSeconds", \.cpuSeconds), ("outputBytes", \.outputBytes), ("outputFiles", \.outputFiles),
        ("scratchBytes", \.scratchBytes), ("scratchFiles", \.scratchFiles), ("openFiles", \.openFiles),
        ("stackBytes", \.stackBytes), ("outBytes", \.outBytes), ("errorBytes", \.errorBytes),
    ]

    fileprivate var json: JSONValue {
        .object(JSONObject(Self.names.map { ($0, .string(String(self[keyPath: $1]))) }))
    }

    fileprivate init(json: JSONValue) throws(GloveboxError) {
        self.init()
        var fields = try JSONFields(json, at: "jail.limits")
        for (name, path) in Self.names { self[keyPath: path] = try fields.number(name) }
        try fields.finish()
    }
}

extension JSONFields {
    /// Takes a number written as a decimal string.
    mutating func number(_ name: String) throws(GloveboxError) -> UInt64 {
        let text = try string(name)
        guard let number = UInt64(text), String(number) == text else {
            throw GloveboxError("schema.type", "\(name) is a number in decimal digits")
        }
        return number
    }

    /// Takes a list of strings.
    mutating func texts(_ name: String) throws(GloveboxError) -> [String] {
        try array(name).map { (value) throws(GloveboxError) in
            guard let text = value.string else { throw GloveboxError("schema.type", "\(name) is a list of strings") }
            return text
        }
    }

    /// Takes a string that may be missing.
    mutating func optionalText(_ name: String) throws(GloveboxError) -> String? {
        guard let value = optional(name) else { return nil }
        guard let text = value.string else { throw GloveboxError("schema.type", "\(name) is a string") }
        return text
    }

    /// Takes an object whose members are strings.
    mutating func textMap(_ name: String) throws(GloveboxError) -> [String: String] {
        try Self.textMap(required(name), at: name)
    }

    /// Reads an object whose members are strings.
    static func textMap(_ json: JSONValue, at name: String) throws(GloveboxError) -> [String: String] {
        guard let object = json.object else { throw GloveboxError("schema.type", "\(name) is an object") }
        var map: [String: String] = [:]
        for member in object.members {
            guard let text = member.value.string else {
                throw GloveboxError("schema.type", "\(name) has strings alone")
            }
            map[member.name] = text
        }
        return map
    }
}
