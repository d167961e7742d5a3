internal import GloveboxCore
internal import GloveboxJobs

/// What supervisor and worker say to each other, each in one message of canonical JSON.
enum WorkerMessage {
    /// Worker: it offers to run this job.
    case offer(task: String)
    /// Operator's command, with a file: write this job's order for a node into it.
    case bundle(task: String, node: String)
    /// Operator's command, with a file: it is the result of this job.
    case result(task: String)
    /// Supervisor: start a jail with the launcher at this path; the answer is a lent jail, or a fault.
    case launch(String)
    /// Supervisor: the job's run is over.
    case ended
    /// Either: this cannot be, and why.
    case fault(GloveboxError)

    /// Reads one.
    ///
    /// - Throws: `worker.message`.
    init(_ bytes: [UInt8]) throws(GloveboxError) {
        var fields = try JSONFields(JSONReader.readCanonical(bytes), at: "worker")
        switch try fields.string("kind") {
        case "offer": self = .offer(task: try fields.string("task"))
        case "bundle": self = .bundle(task: try fields.string("task"), node: try fields.string("node"))
        case "result": self = .result(task: try fields.string("task"))
        case "launch": self = .launch(try fields.string("launcher"))
        case "ended": self = .ended
        case "fault":
            let (code, message) = (try fields.string("code"), try fields.string("message"))
            self = .fault(GloveboxError(code, message, hint: try fields.optionalString("hint")))
        default: throw GloveboxError("worker.message", "supervisor and worker are of different versions")
        }
        try fields.finish()
    }

    /// The message.
    var bytes: [UInt8] {
        var json = JSONObject()
        switch self {
        case .offer(let task): (json["kind"], json["task"]) = ("offer", .string(task))
        case .bundle(let task, let node):
            (json["kind"], json["task"], json["node"]) = ("bundle", .string(task), .string(node))
        case .result(let task): (json["kind"], json["task"]) = ("result", .string(task))
        case .launch(let path): (json["kind"], json["launcher"]) = ("launch", .string(path))
        case .ended: json["kind"] = "ended"
        case .fault(let error):
            (json["kind"], json["code"], json["message"]) = ("fault", .string(error.code), .string(error.message))
            json["hint"] = error.hint.map { .string($0) }
        }
        return CanonicalJSON.encode(.object(json))
    }
}
