package import GloveboxCore

/// What a client of the task API asks for.
///
/// Source: GA4GH TES 1.1.0, job-backend section 3.1.
package struct TaskDocument: Sendable {
    /// A file or directory that the executors find.
    package struct Input: Sendable {
        package var name: String?
        package var description: String?
        /// Where it comes from; empty when ``content`` is it.
        package var url: String
        /// Absolute path in the jail.
        package var path: String
        /// `FILE` or `DIRECTORY`.
        package var type: String
        /// The bytes themselves.
        package var content: String?
        package var isStreamable: Bool?
    }

    /// What is taken out.
    package struct Output: Sendable {
        package var name: String?
        package var description: String?
        package var url: String
        /// Absolute path in the jail, with wildcards.
        package var path: String
        /// What is taken off a path before the rest is added to the URL; nil without wildcards.
        package var prefix: String?
        package var type: String

        /// Whether the path has wildcards.
        package var isPattern: Bool { path.utf8.contains { [0x2a, 0x3f, 0x5b].contains($0) } }
    }

    /// What the task may use.
    package struct Resources: Sendable {
        package var cores: Decimals?
        package var isPreemptible: Bool?
        package var ram: Decimals?
        package var disk: Decimals?
        package var zones: [String] = []
        package var parameters: [(name: String, value: String)] = []
        package var isStrict: Bool?
    }

    /// One command.
    package struct Executor: Sendable {
        package var image: String
        package var command: [String]
        package var directory: String?
        package var stdin: String?
        package var stdout: String?
        package var stderr: String?
        package var environment: [(name: String, value: String)]
        package var ignoresError: Bool?
    }

    package private(set) var name: String?
    package private(set) var description: String?
    package private(set) var inputs: [Input] = []
    package private(set) var outputs: [Output] = []
    package private(set) var resources: Resources?
    package private(set) var executors: [Executor] = []
    package private(set) var volumes: [String] = []
    package private(set) var tags: [(name: String, value: String)] = []
    /// Sentences about what was passed over.
    package private(set) var warnings: [String] = []

    /// Greatest length of one input's content in bytes.
    package static let contentLimit = 1 << 20

    /// Reads a task.
    ///
    /// - Throws: the first fault's code, with every fault as a cause.
    package init(json: JSONValue) throws(GloveboxError) {
        let reader = TaskReader()
        if var fields = TaskReader.Fields(json, "", reader) { read(&fields, reader) }
        guard let first = reader.faults.first else { return }
        let place = first.pointer.isEmpty ? "the task" : first.pointer
        throw GloveboxError(first.code, "\(place) \(first.message)", causes: reader.faults)
    }

    private mutating func read(_ fields: inout TaskReader.Fields, _ reader: TaskReader) {
        for name in ["id", "state", "logs", "creation_time"] { _ = fields.take(name) }  // the server's to set
        name = fields.text("name", atMost: 1024)
        description = fields.text("description", atMost: 16_384)
        for (index, value) in fields.list("inputs").enumerated() {
            if let input = Self.input(value, "/inputs/\(index)", reader) { inputs.append(input) }
        }
        for (index, value) in fields.list("outputs").enumerated() {
            if let output = Self.output(value, "/outputs/\(index)", reader) { outputs.append(output) }
        }
        resources = fields.take("resources").flatMap { Self.resources($0, reader) }
        let commands = fields.list("executors", atMost: 64)
        if commands.isEmpty { reader.fault("/executors", "schema.missing-field", "needs at least one executor") }
        for (index, value) in commands.enumerated() {
            if let executor = Self.executor(value, "/executors/\(index)", reader) { executors.append(executor) }
        }
        volumes = fields.texts("volumes", atMost: 64, bytes: 1024)
        for (index, path) in volumes.enumerated() { Self.check(path, "/volumes/\(index)", reader) }
        tags = fields.map("tags")
        fields.finish()
        warnings = reader.ignored.map { "\($0) is not a member of a task and was passed over." }
    }

    private static func input(_ value: JSONValue, _ place: String, _ reader: TaskReader) -> Input? {
        guard var fields = TaskReader.Fields(value, place, reader) else { return nil }
        let content = fields.text("content", atMost: contentLimit)
        let url = content == nil ? fields.required("url") : fields.text("url") ?? ""
        var input = Input(url: content == nil ? url : "", path: fields.required("path"), type: "FILE")
        input.content = content
        input.name = fields.text("name")
        input.description = fields.text("description")
        input.isStreamable = fields.flag("streamable")
        input.type = kind(&fields, place, reader) ?? (TaskURL.isTree(url) && content == nil ? "DIRECTORY" : "FILE")
        if content != nil, input.type != "FILE" {
            reader.fault(place + "/type", "request.invalid", "must be FILE where there is content")
        }
        fields.finish()
        if !input.path.isEmpty { check(input.path, place + "/path", reader) }
        if content == nil, !url.isEmpty, let fault = TaskURL.inputFault(url) {
            reader.fault(place + "/url", "url.scheme", fault)
        }
        return input
    }

    private static func output(_ value: JSONValue, _ place: String, _ reader: TaskReader) -> Output? {
        guard var fields = TaskReader.Fields(value, place, reader) else { return nil }
        var output = Output(url: fields.required("url"), path: fields.required("path"), type: "FILE")
        output.name = fields.text("name")
        output.description = fields.text("description")
        output.prefix = fields.text("path_prefix")
        output.type = kind(&fields, place, reader) ?? "FILE"
        fields.finish()
        if !output.path.isEmpty { check(output.path, place + "/path", reader) }
        if !output.url.isEmpty, let fault = TaskURL.outputFault(output.url) {
            reader.fault(place + "/url", "url.scheme", fault)
        }
        if output.isPattern {
            guard let prefix = output.prefix else {
                reader.fault(place + "/path_prefix", "schema.missing-field", "is needed where the path has wildcards")
                return output
            }
            check(prefix, place + "/path_prefix", reader)
            if !output.path.utf8.starts(with: prefix.utf8) {
                reader.fault(place + "/path_prefix", "path.invalid", "must be the beginning of the path")
            }
        }
        return output
    }

    private static func kind(_ fields: inout TaskReader.Fields, _ place: String, _ reader: TaskReader) -> String? {
        guard let kind = fields.text("type"), !kind.isEmpty else { return nil }
        guard kind == "FILE" || kind == "DIRECTORY" else {
            reader.fault(place + "/type", "request.invalid", "must be FILE or DIRECTORY")
            return nil
        }
        return kind
    }

    private static func resources(_ value: JSONValue, _ reader: TaskReader) -> Resources? {
        guard var fields = TaskReader.Fields(value, "/resources", reader) else { return nil }
        var resources = Resources()
        resources.cores = fields.number("cpu_cores")
        resources.isPreemptible = fields.flag("preemptible")
        resources.ram = fields.number("ram_gb")
        resources.disk = fields.number("disk_gb")
        resources.zones = fields.texts("zones", atMost: 64, bytes: 1024)
        resources.parameters = fields.map("backend_parameters")
        resources.isStrict = fields.flag("backend_parameters_strict")
        fields.finish()
        return resources
    }

    private static func executor(_ value: JSONValue, _ place: String, _ reader: TaskReader) -> Executor? {
        guard var fields = TaskReader.Fields(value, place, reader) else { return nil }
        let command = fields.texts("command", atMost: 1024)
        if command.first?.isEmpty ?? true {
            reader.fault(place + "/command", "schema.missing-field", "needs at least one word, the program")
        }
        if command.reduce(0, { $0 + $1.utf8.count + 1 }) > 131_072 {
            reader.fault(place + "/command", "limit.exceeded", "has at most 128 KiB")
        }
        var executor = Executor(
            image: fields.required("image", atMost: 128),
            command: command,
            environment: fields.map("env")
        )
        executor.directory = fields.text("workdir")
        executor.stdin = fields.text("stdin")
        executor.stdout = fields.text("stdout")
        executor.stderr = fields.text("stderr")
        executor.ignoresError = fields.flag("ignore_error")
        fields.finish()
        for (name, path) in [
            ("workdir", executor.directory), ("stdin", executor.stdin), ("stdout", executor.stdout),
            ("stderr", executor.stderr),
        ] {
            if let path { check(path, "\(place)/\(name)", reader) }
        }
        for (name, _) in executor.environment where !isVariable(name) {
            reader.fault("\(place)/env", "request.invalid", "has a name that is no variable's: \(Display.escape(name))")
        }
        return executor
    }

    /// Checks that a path is absolute, goes nowhere else than it says, and has no part twice.
    private static func check(_ path: String, _ place: String, _ reader: TaskReader) {
        let parts = path.utf8.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false).dropFirst()
        let isAbsolute = path.utf8.first == UInt8(ascii: "/")
        let whole = parts.last?.isEmpty == true ? parts.dropLast() : parts
        let isPlain = whole.allSatisfy { part in
            !part.isEmpty && part.count <= 255 && !part.elementsEqual("..".utf8) && !part.elementsEqual(".".utf8)
                && part.allSatisfy { $0 >= 0x20 && $0 != 0x7f }
        }
        guard isAbsolute, isPlain, !whole.isEmpty, path.utf8.count <= 1024 else {
            reader.fault(place, "path.invalid", "must be an absolute path without '.', '..' and empty parts")
            return
        }
    }

    private static func isVariable(_ name: String) -> Bool {
        let utf8 = Array(name.utf8)
        guard let first = utf8.first, utf8.count <= 128, !(48...57).contains(first) else { return false }
        return utf8.allSatisfy {
            (48...57).contains($0) || (65...90).contains($0) || (97...122).contains($0) || $0 == 95
        }
    }
}
