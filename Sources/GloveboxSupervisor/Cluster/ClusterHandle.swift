internal import GloveboxCore
internal import Synchronization

/// A job as a cluster's scheduler knows it.
struct ClusterHandle: Sendable {
    /// The scheduler's id.
    let id: String
    /// How often the job was handed in since it was queued, this time included.
    let tries: Int
    /// When.
    let time: Instant

    /// Names a job that was handed in.
    init(id: String, tries: Int, time: Instant) { (self.id, self.tries, self.time) = (id, tries, time) }

    /// Reads the journal's form.
    init(json: JSONValue, at time: Instant) throws(GloveboxError) {
        var fields = try JSONFields(json, at: "cluster")
        (id, tries) = (try fields.string("id"), Int(try fields.integer("tries")))
        _ = try fields.digest("template")
        self.time = time
        try fields.finish()
    }

    /// The journal's form; it also names the template that the script was made of.
    func json(template: Digest) -> JSONValue {
        ["id": .string(id), "tries": .integer(Int64(tries)), "template": template.json]
    }
}

/// What a cluster's scheduler says at the moment; nothing of it outlives the supervisor.
final class ClusterNews: Sendable {
    private struct State {
        var problem: GloveboxError?
        var reasons: [String: String] = [:]
    }

    private let state = Mutex(State())

    /// Why the last command failed; nil when it did not.
    var problem: GloveboxError? {
        get { state.withLock { $0.problem } }
        set { state.withLock { $0.problem = newValue } }
    }

    /// The scheduler's own word on why a job waits, by its id there.
    func reason(of id: String) -> String? { state.withLock { $0.reasons[id] } }

    /// Takes in a new list.
    func take(_ reasons: [String: String]) { state.withLock { $0.reasons = reasons } }
}
