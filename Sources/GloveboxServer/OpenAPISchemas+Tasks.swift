internal import GloveboxCore

extension OpenAPISchemas {
    private static let text: JSONValue = ["type": "string"]
    private static let texts: JSONValue = ["type": "array", "items": ["type": "string"]]
    private static let map: JSONValue = ["type": "object", "additionalProperties": ["type": "string"]]
    private static let path: JSONValue = ["type": "string", "pattern": "^/"]
    private static let kind: JSONValue = ["enum": ["FILE", "DIRECTORY"]]
    private static let flag: JSONValue = ["type": "boolean"]
    private static let time: JSONValue = ["type": "string", "format": "date-time"]

    /// An object of which other members are passed over.
    private static func open(_ required: [String], _ members: [(String, JSONValue)]) -> JSONValue {
        [
            "type": "object", "required": .array(required.map { .string($0) }),
            "properties": .object(JSONObject(members)),
        ]
    }

    private static func list(_ item: JSONValue, least: Int64 = 0) -> JSONValue {
        ["type": "array", "items": item, "minItems": .integer(least)]
    }

    /// Schemas of GA4GH TES 1.1.0.
    static let tasks: [(String, JSONValue)] = [
        ("Created", open(["id"], [("id", text)])),
        (
            "Service",
            open(
                ["id", "name", "type", "organization", "version"],
                [("id", text), ("name", text), ("type", ["type": "object"]), ("storage", texts)]
            )
        ),
        ("Tasks", open(["tasks"], [("tasks", list(["type": "object"])), ("next_page_token", text)])),
        (
            "Task",
            open(
                [],
                [
                    ("id", text), ("state", text), ("name", text), ("description", text),
                    ("creation_time", time), ("volumes", list(path)), ("tags", map), ("logs", list(["type": "object"])),
                    (
                        "inputs",
                        list(
                            open(
                                ["path"],
                                [
                                    ("name", text), ("description", text), ("url", text), ("path", path),
                                    ("type", kind), ("content", text), ("streamable", flag),
                                ]
                            )
                        )
                    ),
                    (
                        "outputs",
                        list(
                            open(
                                ["path", "url"],
                                [
                                    ("name", text), ("description", text), ("url", text), ("path", path),
                                    ("path_prefix", path), ("type", kind),
                                ]
                            )
                        )
                    ),
                    (
                        "resources",
                        open(
                            [],
                            [
                                ("cpu_cores", ["type": "number", "minimum": 0]), ("preemptible", flag),
                                ("ram_gb", ["type": "number", "minimum": 0]),
                                ("disk_gb", ["type": "number", "minimum": 0]), ("zones", texts),
                                ("backend_parameters", map), ("backend_parameters_strict", flag),
                            ]
                        )
                    ),
                    (
                        "executors",
                        list(
                            open(
                                ["image", "command"],
                                [
                                    ("image", text), ("command", list(text, least: 1)), ("workdir", path),
                                    ("stdin", path), ("stdout", path), ("stderr", path), ("env", map),
                                    ("ignore_error", flag),
                                ]
                            ),
                            least: 1
                        )
                    ),
                ]
            )
        ),
    ]
}
