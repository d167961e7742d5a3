import GloveboxCore
import GloveboxLinux
import GloveboxTransparency
import TestSupport
import Testing

/// A site that answers over TLS, with a researcher who hands in tasks of the image `base`.
struct TaskSite {
    let site: APISite
    private let token: String

    init(settings: String) throws {
        site = try APISite(settings: settings)
        token = try site.person("alice", "researcher")
    }

    /// What the site answers.
    func read(_ path: String, _ body: JSONValue? = nil) throws -> String {
        var arguments = ["-sS", "-H", "Authorization: Bearer " + token, "--cacert", site.certificate]
        if let body {
            let text = String(decoding: CanonicalJSON.encode(body), as: UTF8.self)
            arguments += ["-H", "Content-Type: application/json", "-d", text]
        }
        let answer = try TestPrograms.run("/usr/bin/curl", arguments + [site.url + path])
        try #require(answer.status == 0, "\(answer.output)")
        return answer.output
    }

    /// The same, where it is JSON.
    func ask(_ path: String, _ body: JSONValue? = nil) throws -> JSONValue {
        var limits = JSONReader.Limits()
        limits.hasFractions = true
        return try JSONReader.read(Array(read(path, body).utf8), limits: limits)
    }

    /// Hands in a script that leaves `/task/b`; the answer.
    func make(_ script: String, cores: Int64 = 1) throws -> JSONValue {
        try ask(
            "/v1/tasks",
            [
                "executors": [["image": "alpine", "command": ["sh", "-c", .string(script)], "workdir": "/task"]],
                "outputs": [["path": "/task/b", "url": "glovebox://release/b"]],
                "resources": ["cpu_cores": .integer(cores)],
            ]
        )
    }

    /// The same; the job's id.
    func submit(_ script: String, cores: Int64 = 1) throws -> String {
        let made = try make(script, cores: cores)
        return try #require(made["id"]?.string, "\(made)")
    }

    func state(_ id: String) throws -> String { try ask("/v1/tasks/" + id)["state"]?.string ?? "" }

    /// Whether a job comes to a state; it may be told a moment after its worker has ended.
    func becomes(_ wanted: String, _ id: String) throws -> Bool { try eventually { try state(id) == wanted } }

    /// Ends the supervisor; how the log says then that a job ended, once it is found to be whole.
    func audit(_ id: String) throws -> [EventKind] {
        // A start publishes what the last one logged.
        try site.restart()
        try site.end()
        let log = ["--log", site.state + "/log", "--key", try site.key()]
        for command in ["verify", "gaps"] {
            let outcome = try TestPrograms.run("glovebox", ["audit", command] + log)
            #expect(outcome.status == 0, "\(outcome.output)")
        }
        return try site.endings()[id] ?? []
    }
}
