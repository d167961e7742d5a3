package import GloveboxCore
package import GloveboxJobs

/// A job as the task API shows it.
package struct TaskRecord: Sendable {
    /// How much of a task is told.
    package enum View: String, Sendable, CaseIterable {
        /// Id and state.
        case minimal = "MINIMAL"
        /// Everything but contents, streams and system logs.
        case basic = "BASIC"
        case full = "FULL"
    }

    /// How one executor went.
    package struct ExecutorLog: Sendable, Hashable {
        package var start: Instant?
        package var end: Instant?
        /// The last bytes of the stream; nil where they may not be told.
        package var stdout: String?
        package var stderr: String?
        package var exitCode: Int32

        /// Describes an executor that has ended.
        package init(start: Instant?, end: Instant?, stdout: String?, stderr: String?, exitCode: Int32) {
            self.start = start
            self.end = end
            self.stdout = stdout
            self.stderr = stderr
            self.exitCode = exitCode
        }
    }

    /// One released file.
    package struct OutputLog: Sendable, Hashable {
        package var url: String
        package var path: String
        package var bytes: UInt64

        /// Describes a file.
        package init(url: String, path: String, bytes: UInt64) {
            self.url = url
            self.path = path
            self.bytes = bytes
        }
    }

    /// The job's id.
    package var id: String
    /// Where it stands, as the caller may see it.
    package var phase: JobPhase
    /// Whether a person has to act before it goes on.
    package var waitsForPeople: Bool
    /// What was asked for.
    package var document: TaskDocument
    /// When it was submitted.
    package var created: Instant
    /// When the executors began and ended; nil before, or where it may not be told.
    package var start: Instant?
    package var end: Instant?
    package var executors: [ExecutorLog] = []
    package var outputs: [OutputLog] = []
    /// What Glovebox tells beside.
    package var metadata: [(name: String, value: String)] = []
    /// Sentences out of a fixed list.
    package var systemLogs: [String] = []

    /// Describes a task.
    package init(id: String, phase: JobPhase, waitsForPeople: Bool, document: TaskDocument, created: Instant) {
        self.id = id
        self.phase = phase
        self.waitsForPeople = waitsForPeople
        self.document = document
        self.created = created
    }

    /// The task in a view; no member that TES 1.1.0 does not know.
    package func json(_ view: View) -> JSONValue {
        var members: [(String, JSONValue?)] = [("id", .string(id)), ("state", .string(phase.tesState))]
        guard view != .minimal else { return TaskDocument.object(members) }
        members += document.members(full: view == .full)
        members.append(("creation_time", .string(created.text)))
        let log = TaskDocument.object([
            ("logs", .array(executors.map { Self.json($0, full: view == .full) })),
            ("metadata", TaskDocument.map(metadata)), ("start_time", start.map { .string($0.text) }),
            ("end_time", end.map { .string($0.text) }),
            (
                "outputs",
                .array(
                    outputs.map {
                        [
                            "url": .string($0.url), "path": .string($0.path),
                            "size_bytes": .string(String($0.bytes)),
                        ]
                    }
                )
            ),
            ("system_logs", view == .full ? TaskDocument.list(systemLogs.map { .string($0) }) : nil),
        ])
        members.append(("logs", .array([log])))
        return TaskDocument.object(members)
    }

    private static func json(_ log: ExecutorLog, full: Bool) -> JSONValue {
        TaskDocument.object([
            ("start_time", log.start.map { .string($0.text) }), ("end_time", log.end.map { .string($0.text) }),
            ("stdout", full ? TaskDocument.text(log.stdout) : nil),
            ("stderr", full ? TaskDocument.text(log.stderr) : nil), ("exit_code", .integer(Int64(log.exitCode))),
        ])
    }
}

/// Which tasks are asked for, and which page of them.
package struct TaskQuery: Sendable {
    /// The names begin so, byte by byte.
    package var namePrefix: String?
    /// Only those in this state.
    package var state: String?
    /// Keys that must be there, each with its value; an empty value stands for any.
    package var tags: [(key: String, value: String)] = []
    /// Only those that come before this position; nil begins with the newest.
    package var before: UInt64?
    /// Greatest number of tasks.
    package var limit = 256

    /// Asks for all.
    package init() {}

    /// Every state of TES 1.1.0.
    package static let states: Set<String> = [
        "UNKNOWN", "QUEUED", "INITIALIZING", "RUNNING", "PAUSED", "COMPLETE", "EXECUTOR_ERROR", "SYSTEM_ERROR",
        "CANCELED", "PREEMPTED", "CANCELING",
    ]

    /// Whether a task fits.
    package func fits(_ task: TaskRecord) -> Bool {
        if let namePrefix, !(task.document.name ?? "").utf8.starts(with: namePrefix.utf8) { return false }
        if let state, !state.utf8.elementsEqual(task.phase.tesState.utf8) { return false }
        return tags.allSatisfy { wanted in
            task.document.tags.contains { tag in
                tag.name.utf8.elementsEqual(wanted.key.utf8)
                    && (wanted.value.isEmpty || tag.value.utf8.elementsEqual(wanted.value.utf8))
            }
        }
    }
}
