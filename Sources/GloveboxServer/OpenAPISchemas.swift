internal import GloveboxAPI
internal import GloveboxCore
internal import GloveboxJobs

/// The values of the APIs as JSON Schema 2020-12.
enum OpenAPISchemas {
    /// What an operation answers with.
    enum Answer {
        case schema(String)
        /// A page.
        case list(String)
        /// Bytes of a media type.
        case bytes(String)
    }

    static func reference(_ name: String) -> JSONValue { ["$ref": .string("#/components/schemas/" + name)] }

    /// Operations whose success is status 201.
    static let created: Set<GloveboxJobs.Operation> = [
        .exportLog, .redact, .backUp, .createToken, .createAccount, .enrollKey, .enrollCertificate, .addDataset,
        .addWebhook, .enrollNode, .splitLineage, .overrideRelease, .signWorkflow, .addPolicy,
        .uploadBlob, .createPlan, .approve, .submitJob, .createProject,
    ]

    /// Schemas of query parameters.
    static let query: [String: JSONValue] = [
        "limit": ["type": "integer", "minimum": 1, "maximum": 500], "from": ["type": "integer", "minimum": 0],
        "wait": ["type": "integer", "minimum": 0, "maximum": 30],
        "page_size": ["type": "integer", "minimum": 1, "maximum": 2047],
        "view": ["enum": ["MINIMAL", "BASIC", "FULL"]],
        "phase": ["enum": .array(JobPhase.allCases.map { .string($0.rawValue) })],
    ]

    /// Schemas of request bodies.
    static let requests: [GloveboxJobs.Operation: String] = [
        .exportLog: "Export", .redact: "Redaction", .backUp: "BackupRequest", .pauseSite: "Reason",
        .resumeSite: "Reason",
        .createToken: "TokenRequest", .createAccount: "AccountRequest", .enrollKey: "KeyRequest",
        .enrollCertificate: "CertificateRequest", .addWebhook: "WebhookRequest", .tryWebhook: "Empty",
        .enrollNode: "NodeRequest", .drainNode: "Reason", .resumeNode: "Reason", .removeNode: "Reason",
        .addDataset: "DatasetRequest", .splitLineage: "ApprovalRequest", .signWorkflow: "Workflow",
        .overrideRelease: "ApprovalRequest",
        .addPolicy: "PolicyRequest", .createProject: "ProjectRequest", .amendProject: "ProjectAmendment",
        .collectGarbage: "CollectionRequest",
        .pauseProject: "Reason", .resumeProject: "Reason", .closeProject: "Reason",
        .createPlan: "PlanRequest", .approve: "ApprovalRequest", .submitJob: "JobRequest", .cancelJob: "Cancel",
        .answerRelease: "Answer",
        .createTask: "Task",
    ]

    /// What routes answer with that share their operation with others.
    static let exceptions: [String: Answer] = [
        "/log/tile/**": .bytes("application/octet-stream"), "/jobs/*/results": .list("Any"),
    ]

    /// What operations answer with.
    static let answers: [GloveboxJobs.Operation: Answer] = [
        .health: .schema("Health"), .readTrust: .schema("Files"), .readLog: .bytes("text/plain; charset=utf-8"),
        .readBodies: .list("Any"), .exportLog: .schema("Any"), .redact: .schema("Any"), .backUp: .schema("Any"),
        .pauseSite: .schema("SiteState"),
        .resumeSite: .schema("SiteState"), .createToken: .schema("CreatedToken"), .listTokens: .list("Token"),
        .revokeToken: .schema("Token"), .whoami: .schema("WhoAmI"), .createAccount: .schema("CreatedAccount"),
        .enrollKey: .schema("Any"), .enrollCertificate: .schema("Certificate"),
        .listCertificates: .list("Certificate"), .revokeCertificate: .schema("Certificate"),
        .addWebhook: .schema("CreatedWebhook"), .listWebhooks: .list("Webhook"), .removeWebhook: .schema("Webhook"),
        .tryWebhook: .schema("WebhookTrial"),
        .enrollNode: .schema("EnrolledNode"), .listNodes: .list("Node"), .drainNode: .schema("Node"),
        .resumeNode: .schema("Node"), .removeNode: .schema("Node"),
        .listDatasets: .list("Any"), .addDataset: .schema("Any"),
        .splitLineage: .schema("Any"), .overrideRelease: .schema("Any"),
        .readBudgets: .list("Budget"), .listProjects: .list("Project"), .createProject: .schema("Project"),
        .readProject: .schema("Project"),
        .amendProject: .schema("Project"), .pauseProject: .schema("Project"), .resumeProject: .schema("Project"),
        .closeProject: .schema("Project"), .collectGarbage: .schema("Collection"),
        .signWorkflow: .schema("Workflow"), .listPolicies: .list("Policy"), .addPolicy: .schema("Policy"),
        .listImages: .list("Image"), .uploadBlob: .schema("Blob"), .createPlan: .schema("Any"),
        .approve: .schema("Any"), .readInbox: .list("Any"), .submitJob: .schema("Job"), .listJobs: .list("Job"),
        .readJob: .schema("Job"), .cancelJob: .schema("Job"), .readReceipt: .schema("Files"),
        .readText: .schema("Any"), .readRelease: .schema("Any"), .voteRelease: .schema("Any"),
        .answerRelease: .schema("Job"),
        .readEvents: .bytes("text/event-stream"), .readDescription: .schema("Any"), .taskService: .schema("Service"),
        .createTask: .schema("Created"), .listTasks: .schema("Tasks"), .readTask: .schema("Task"),
        .cancelTask: .schema("Any"),
    ]

    private static let text: JSONValue = ["type": "string"]
    private static let texts: JSONValue = ["type": "array", "items": ["type": "string"]]
    private static let map: JSONValue = ["type": "object", "additionalProperties": ["type": "string"]]
    private static let time: JSONValue = ["type": "string", "format": "date-time"]
    private static let number: JSONValue = ["type": "integer"]
    private static let digest: JSONValue = ["type": "string", "pattern": "^sha256:[0-9a-f]{64}$"]
    private static let base64: JSONValue = [
        "type": "string", "maxLength": 2732,
        "pattern": "^([0-9A-Za-z+/]{4})*([0-9A-Za-z+/]{2}==|[0-9A-Za-z+/]{3}=)?$",
    ]
    private static let decimal: JSONValue = ["type": "string", "pattern": "^(0|[1-9][0-9]*)$"]
    private static let name: JSONValue = ["type": "string", "pattern": "^[a-z0-9][a-z0-9._-]{0,62}$"]
    private static let path: JSONValue = ["type": "string", "pattern": "^/", "maxLength": 1024]
    private static let roles: JSONValue = [
        "type": "array", "minItems": 1, "items": ["enum": .array(Role.allCases.map { .string($0.rawValue) })],
    ]
    private static let scopes: JSONValue = [
        "type": "array", "minItems": 1, "items": ["enum": .array(Scope.allCases.map { .string($0.rawValue) })],
    ]
    private static let topics: JSONValue = [
        "type": "array", "minItems": 1, "items": ["enum": .array(WebhookTopic.allCases.map { .string($0.rawValue) })],
    ]

    /// An object with these members and no other; those with a `?` may be missing.
    private static func object(_ members: [(String, JSONValue)]) -> JSONValue {
        let required = members.map(\.0).filter { !$0.hasSuffix("?") }
        let properties = members.map { ($0.0.hasSuffix("?") ? String($0.0.dropLast()) : $0.0, $0.1) }
        return [
            "type": "object", "additionalProperties": false, "required": .array(required.map { .string($0) }),
            "properties": .object(JSONObject(properties)),
        ]
    }

    private static func list(_ item: JSONValue) -> JSONValue { ["type": "array", "items": item] }

    /// Every schema, by name.
    static let all: [(String, JSONValue)] = native + projects + tasks

    private static var projects: [(String, JSONValue)] {
        let members = list(object([("account", text), ("roles", roles)]))
        let proposal: [(String, JSONValue)] = [
            ("purpose", text), ("purpose_code?", ["type": "string", "pattern": "^[a-z0-9-]{1,64}$"]),
            ("variables", texts), ("outputs", texts),
        ]
        let quota: [(String, JSONValue)] = [
            ("runs?", decimal), ("released_bytes?", decimal), ("rho?", text), ("cpu_seconds_per_day?", decimal),
            ("concurrent?", decimal), ("queued?", decimal),
        ]
        let own: [(String, JSONValue)] = [
            ("name", name), ("title", text), ("proposal", object(proposal)), ("members", members), ("datasets", texts),
            ("plan_quorum?", number), ("starts?", time), ("ends?", time), ("quota", object(quota)),
        ]
        let state: JSONValue = ["enum": .array(Project.State.allCases.map { .string($0.rawValue) })]
        let used: [(String, JSONValue)] = [
            ("runs", decimal), ("released_bytes", decimal), ("rho", text), ("epsilon", text), ("cpu_seconds", decimal),
            ("concurrent", decimal), ("queued", decimal),
        ]
        let count = object([("used", decimal), ("limit?", decimal)])
        let rho = object([("used", text), ("limit?", text)])
        return [
            (
                "Budget",
                object([
                    ("project?", text), ("dataset?", text), ("runs?", count), ("released_bytes?", count), ("rho", rho),
                    ("epsilon", text), ("policies?", map),
                ])
            ),
            ("ProjectRequest", object(own)),
            (
                "ProjectAmendment",
                object([
                    ("title?", text), ("proposal?", object(proposal)), ("add_members?", members),
                    ("remove_members?", texts), ("add_datasets?", texts), ("remove_datasets?", texts),
                    ("plan_quorum?", number), ("ends?", time), ("quota?", object(quota)),
                ])
            ),
            (
                "Project",
                object([
                    ("project", object(own + [("state", state)])), ("names", map), ("reviewers", number),
                    ("revision", decimal), ("used", object(used)),
                ])
            ),
        ]
    }

    private static let native: [(String, JSONValue)] = [
        ("Any", ["type": "object"]),
        (
            "Problem",
            object([
                ("type", text), ("title", text), ("status", number), ("code", text), ("detail", text), ("hint?", text),
                ("instance?", text),
                ("errors?", list(object([("pointer", text), ("code", text), ("detail", text)]))),
            ])
        ),
        (
            "Health",
            object([
                ("site", text), ("version", text), ("state", ["enum": ["open", "paused"]]), ("assurance", text),
                ("insecure", texts),
            ])
        ),
        ("Files", object([("files", list(object([("path", text), ("content", text)])))])),
        ("Export", object([("bodies", ["type": "boolean"]), ("job?", text)])),
        ("Redaction", object([("entry", decimal), ("reason", text)])),
        ("BackupRequest", object([("directory", path), ("keys", path)])),
        ("CollectionRequest", object([("dry_run", ["type": "boolean"])])),
        (
            "Collection",
            object([
                (
                    "items",
                    list(
                        object([
                            ("kind", ["enum": .array(CollectedItem.Kind.allCases.map { .string($0.rawValue) })]),
                            ("name", text), ("bytes", decimal),
                        ])
                    )
                ), ("more", ["type": "boolean"]),
            ])
        ),
        ("Reason", object([("reason", ["type": "string", "minLength": 1, "maxLength": 1024])])),
        ("SiteState", object([("state", ["enum": ["open", "paused"]])])),
        (
            "TokenRequest",
            object([
                ("scopes", scopes), ("days", ["type": "integer", "minimum": 1, "maximum": 365]),
                ("replaces", ["type": "boolean"]), ("certificate?", digest),
                ("cidr?", ["type": "array", "maxItems": 32, "items": ["type": "string"]]),
            ])
        ),
        (
            "Token",
            object([
                ("id", text), ("account", text), ("scopes", scopes), ("created", time), ("expires", time),
                ("certificate?", digest), ("cidr?", texts),
            ])
        ),
        ("CreatedToken", object([("token", text), ("info", reference("Token"))])),
        ("Empty", object([])),
        (
            "WebhookRequest",
            object([
                ("url", ["type": "string", "pattern": "^https://", "maxLength": 1024]), ("events", topics),
            ])
        ),
        (
            "Webhook",
            object([
                ("id", text), ("account", text), ("url", text), ("events", topics), ("created", time),
                ("state", ["enum": ["active", "disabled"]]), ("failing_since?", time),
            ])
        ),
        ("CreatedWebhook", object([("secret", text), ("info", reference("Webhook"))])),
        (
            "WebhookTrial",
            object([("delivered", ["type": "boolean"]), ("status?", number), ("code?", text)])
        ),
        (
            "NodeRequest",
            object([
                ("request", ["type": "string", "maxLength": 8192]),
                ("days?", ["type": "integer", "minimum": 1, "maximum": 365]),
            ])
        ),
        (
            "Node",
            object([
                ("name", ["type": "string", "pattern": "^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$"]), ("key", digest),
                ("state", ["enum": .array(NodeInfo.State.allCases.map { .string($0.rawValue) })]),
                ("enrolled_by", text), ("enrolled", time), ("expires", time), ("reason?", text),
                ("connected_since?", time), ("jobs", texts), ("lacks?", texts),
            ])
        ),
        ("EnrolledNode", object([("chain", text), ("root", text), ("authority?", text), ("info", reference("Node"))])),
        (
            "WhoAmI",
            object([
                ("account", text), ("name", text), ("roles", roles), ("keys", texts), ("site", text),
                ("projects", list(object([("project", text), ("roles", roles)]))), ("scopes", scopes),
                ("token_expires?", time),
            ])
        ),
        ("AccountRequest", object([("name", name), ("roles", roles)])),
        ("CreatedAccount", object([("account", text), ("token", text)])),
        (
            "KeyRequest",
            object([
                ("public", ["type": "string", "pattern": "^[0-9a-f]{64}$"]),
                ("proof", ["type": "string", "pattern": "^[0-9a-f]{128}$"]),
            ])
        ),
        ("CertificateRequest", object([("account", text), ("spki", base64), ("proof", base64)])),
        ("Certificate", object([("spki", digest), ("enrolled", time), ("revoked", ["type": "boolean"])])),
        (
            "DatasetRequest",
            object([("name", name), ("schema", text), ("input_policy", text), ("private_path", text)])
        ),
        ("Workflow", object([("layout", text), ("onboard", text)])),
        (
            "PolicyRequest",
            object([
                ("document", text),
                ("place?", object([("below", name), ("level", ["enum": ["dataset", "project"]]), ("subject", name)])),
            ])
        ),
        ("Policy", object([("name", text), ("version", number), ("kind", text), ("digest", digest)])),
        (
            "Image",
            object([("name", text), ("aliases", texts), ("digest", digest), ("bytes", decimal), ("format", text)])
        ),
        (
            "Blob",
            object([
                ("nar_sha256", text), ("git_tree_sha256", text), ("dir_hash", text), ("files", decimal),
                ("bytes", decimal),
            ])
        ),
        (
            "PlanRequest",
            object([
                ("project?", text), ("code", ["type": "string", "pattern": "^[0-9a-f]{64}$"]), ("image", text),
                ("argv", ["type": "array", "minItems": 1, "items": text]), ("env", map), ("dataset", name),
                ("join?", name), ("output_policy", name),
                ("tighten?", ["type": "array", "minItems": 1, "maxItems": 2, "items": text]),
                ("limits", ["type": "object", "additionalProperties": decimal]),
                ("isolation?", ["enum": ["full"]]), ("deterministic?", ["type": "object"]),
                ("purpose", ["type": "string", "maxLength": 4096]),
            ])
        ),
        ("ApprovalRequest", object([("envelope", text), ("link?", text)])),
        (
            "JobRequest",
            object([
                ("plan_digest", digest), ("envelope", text), ("nonce?", text), ("link?", text),
                ("eat?", ["type": "boolean"]),
            ])
        ),
        (
            "Answer",
            object([
                ("message", ["type": "string", "minLength": 1, "maxLength": 4096]),
                (
                    "notes?",
                    list(
                        object([
                            ("path", ["type": "string", "maxLength": 255]),
                            ("text", ["type": "string", "maxLength": 1024]),
                        ])
                    )
                ), ("drop?", list(["type": "string", "maxLength": 255])),
            ])
        ),
        ("Cancel", object([("reason?", ["type": "string", "maxLength": 1024])])),
        (
            "Job",
            object([
                ("id", text), ("phase", ["enum": .array(JobPhase.allCases.map { .string($0.rawValue) })]),
                ("since", time), ("waiting?", ["type": "object"]), ("message", text), ("plan_digest", digest),
                ("core_digest", digest), ("submitter", text), ("dataset", text), ("mode", text), ("created", time),
                ("runs", list(["type": "object"])), ("reasons", texts), ("denied", texts), ("receipt_url?", text),
                ("rounds?", list(["type": "object"])),
            ])
        ),
    ]
}
