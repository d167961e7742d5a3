package import GloveboxCore

extension TaskDocument {
    /// The members a client sent, or those of a smaller view: without the content of inputs.
    ///
    /// ``init(json:)`` reads what the full form says.
    package func members(full: Bool) -> [(String, JSONValue?)] {
        [
            ("name", Self.text(name)), ("description", Self.text(description)),
            ("inputs", Self.list(inputs.map { Self.json($0, full: full) })),
            ("outputs", Self.list(outputs.map(Self.json))), ("resources", resources.flatMap(Self.json)),
            ("executors", Self.list(executors.map(Self.json))), ("volumes", Self.list(volumes.map { .string($0) })),
            ("tags", Self.map(tags)),
        ]
    }

    /// The task as it is kept.
    package var json: JSONValue { Self.object(members(full: true)) }

    /// An object of the members that are there; TES leaves out what is null or empty.
    static func object(_ members: [(String, JSONValue?)]) -> JSONValue {
        .object(JSONObject(members.compactMap { name, value in value.map { (name, $0) } }))
    }

    static func text(_ text: String?) -> JSONValue? { text.flatMap { $0.isEmpty ? nil : .string($0) } }

    static func list(_ values: [JSONValue]) -> JSONValue? { values.isEmpty ? nil : .array(values) }

    static func map(_ pairs: [(name: String, value: String)]) -> JSONValue? {
        pairs.isEmpty ? nil : .object(JSONObject(pairs.map { ($0.name, .string($0.value)) }))
    }

    private static func json(_ input: Input, full: Bool) -> JSONValue {
        object([
            ("name", text(input.name)), ("description", text(input.description)), ("url", text(input.url)),
            ("path", .string(input.path)), ("type", .string(input.type)),
            // An empty file is a file: its content is told although it is empty.
            ("content", full ? input.content.map { .string($0) } : nil),
            ("streamable", input.isStreamable.map { .bool($0) }),
        ])
    }

    private static func json(_ output: Output) -> JSONValue {
        object([
            ("name", text(output.name)), ("description", text(output.description)), ("url", text(output.url)),
            ("path", .string(output.path)), ("path_prefix", text(output.prefix)), ("type", .string(output.type)),
        ])
    }

    private static func json(_ resources: Resources) -> JSONValue? {
        let value = object([
            ("cpu_cores", resources.cores.map { .integer($0.roundedUp) }),
            ("preemptible", resources.isPreemptible.map { .bool($0) }), ("ram_gb", resources.ram?.json),
            ("disk_gb", resources.disk?.json), ("zones", list(resources.zones.map { .string($0) })),
            ("backend_parameters", map(resources.parameters)),
            ("backend_parameters_strict", resources.isStrict.map { .bool($0) }),
        ])
        return value.object?.members.isEmpty == true ? nil : value
    }

    private static func json(_ executor: Executor) -> JSONValue {
        object([
            ("image", .string(executor.image)), ("command", .array(executor.command.map { .string($0) })),
            ("workdir", text(executor.directory)), ("stdin", text(executor.stdin)), ("stdout", text(executor.stdout)),
            ("stderr", text(executor.stderr)), ("env", map(executor.environment)),
            ("ignore_error", executor.ignoresError.map { .bool($0) }),
        ])
    }
}
