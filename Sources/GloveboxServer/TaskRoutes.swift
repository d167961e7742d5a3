internal import GloveboxAPI
internal import GloveboxCore
internal import GloveboxJobs
internal import GloveboxLinux
internal import HTTPTypes

/// The routes of GA4GH TES 1.1.0; each success is status 200.
///
/// Source: job-backend section 3.
enum TaskRoutes {
    /// All of them.
    static let routes: [Route] = [
        Route(.get, "/service-info", .taskService, api: .tasks) { .json(try await $0.service.taskService()) },
        Route(.get, "/tasks", .listTasks, api: .tasks, query: filters, repeating: ["tag_key", "tag_value"]) {
            try await list($0)
        },
        Route(.post, "/tasks", .createTask, api: .tasks, body: .any) { call in
            try enabled(call)
            let task = try TaskDocument(json: JSONReader.read(call.body, limits: TaskJSON.limits))
            let id = try await call.service.createTask(call.caller, task, idempotency: call.idempotency)
            return .json(["id": .string(id)])
        },
        Route(.get, "/tasks/*", .readTask, api: .tasks, query: ["view"]) { try await read($0) },
        Route(.post, "/tasks/*:cancel", .cancelTask, api: .tasks, body: .any) { call in
            let request = CancelRequest(reason: "task API")
            _ = try await call.service.cancel(call.caller, id: call.argument(0), request)
            return .json([:])
        },
    ]

    private static let filters: Set<String> = [
        "name_prefix", "state", "tag_key", "tag_value", "page_size", "page_token", "view",
    ]
    private static let sizes = 1...2047

    private static func enabled(_ call: Call) throws(GloveboxError) {
        guard call.tables.settings.hasTasks else {
            throw GloveboxError("auth.forbidden", "this site takes no tasks", hint: "tes.enabled is false here.")
        }
    }

    private static func view(_ call: Call) throws(GloveboxError) -> TaskRecord.View {
        guard let name = call.query["view"] else { return .minimal }
        guard let view = TaskRecord.View(rawValue: name) else {
            throw GloveboxError("request.invalid", "view must be MINIMAL, BASIC or FULL")
        }
        return view
    }

    private static func read(_ call: Call) async throws -> Answer {
        let view = try view(call)
        let wait = view == .full ? call.tables.settings.fullWait : preferred(call)
        let id = try call.argument(0)
        return try await call.waiting(wait > 0) { isWaiting in
            let task = try await call.service.task(call.caller, id: id, wait: isWaiting ? wait : 0)
            return answer(task.json(view))
        }
    }

    /// Milliseconds that `Prefer: wait=N` asks for, at most 3000 (RFC 7240, section 4.3).
    private static func preferred(_ call: Call) -> Int {
        for word in (call.prefer ?? "").split(separator: ",") {
            let halves = word.split(separator: "=").map { $0.filter { $0 != " " } }
            if halves.count == 2, halves[0].lowercased() == "wait", let seconds = Int(halves[1]), seconds > 0 {
                return min(seconds, 3) * 1000
            }
        }
        return 0
    }

    private static func list(_ call: Call) async throws -> Answer {
        var query = TaskQuery()
        query.namePrefix = call.query["name_prefix"]
        if let state = call.query["state"] {
            guard TaskQuery.states.contains(state) else {
                throw GloveboxError("request.invalid", "there is no state \(Display.escape(state))")
            }
            query.state = state
        }
        let values = call.query.all("tag_value")
        for (index, key) in call.query.all("tag_key").enumerated() where !key.isEmpty {
            query.tags.append((key, index < values.count ? values[index] : ""))
        }
        if let text = call.query["page_size"] {
            guard let size = Int(text), String(size) == text, sizes.contains(size) else {
                throw GloveboxError("request.invalid", "page_size must be a number from 1 to 2047")
            }
            query.limit = size
        }
        if let token = call.query["page_token"] { query.before = try call.position(under: token, of: "tasks") }
        let view = try view(call)
        let page = try await call.service.tasks(call.caller, query)
        var members: [(String, JSONValue)] = [("tasks", .array(page.items.map { $0.json(view) }))]
        if let next = page.next { members.append(("next_page_token", .string(try call.cursor(next, of: "tasks")))) }
        return answer(.object(JSONObject(members)))
    }

    private static func answer(_ value: JSONValue) -> Answer {
        Answer(status: 200, type: "application/json", bytes: TaskJSON.encode(value))
    }
}
