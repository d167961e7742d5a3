internal import GloveboxAPI
internal import GloveboxCore
internal import GloveboxJobs

/// What the commands of a task did, kept beside the log: an event names its digest.
struct TaskLog: Sendable {
    var executors: [TaskRecord.ExecutorLog]
    var outputs: [TaskRecord.OutputLog] = []

    init(executors: [TaskRecord.ExecutorLog]) { self.executors = executors }

    init(json: JSONValue) throws(GloveboxError) {
        var fields = try JSONFields(json, at: "task-log")
        executors = []
        for value in try fields.array("executors") {
            var log = try JSONFields(value, at: "task-log.executors")
            executors.append(
                TaskRecord.ExecutorLog(
                    start: try log.instant("start"),
                    end: try log.instant("end"),
                    stdout: try log.string("stdout"),
                    stderr: try log.string("stderr"),
                    exitCode: Int32(clamping: try log.integer("exit"))
                )
            )
            try log.finish()
        }
        outputs = []
        for value in try fields.array("outputs") {
            var log = try JSONFields(value, at: "task-log.outputs")
            let (url, path) = (try log.string("url"), try log.string("path"))
            outputs.append(TaskRecord.OutputLog(url: url, path: path, bytes: try log.decimal("bytes")))
            try log.finish()
        }
        try fields.finish()
    }

    private var json: JSONValue {
        [
            "executors": .array(
                executors.map {
                    [
                        "start": .string($0.start?.description ?? ""), "end": .string($0.end?.description ?? ""),
                        "stdout": .string($0.stdout ?? ""), "stderr": .string($0.stderr ?? ""),
                        "exit": .integer(Int64($0.exitCode)),
                    ]
                }
            ),
            "outputs": .array(
                outputs.map {
                    ["url": .string($0.url), "path": .string($0.path), "bytes": .string(String($0.bytes))]
                }
            ),
        ]
    }

    /// Keeps it; what the event says of it.
    func keep(in blobs: BlobStore) throws(GloveboxError) -> JSONValue {
        try blobs.put(CanonicalJSON.encode(json)).json
    }
}
