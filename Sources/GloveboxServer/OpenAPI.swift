internal import GloveboxAPI
internal import GloveboxCore
internal import GloveboxJobs
internal import HTTPTypes

/// The description of both APIs, made from the route table; `docs/openapi.json` is a copy that a test compares.
///
/// Source: OpenAPI Specification 3.1.
enum OpenAPI {
    /// The whole description.
    static var document: JSONValue {
        [
            "openapi": "3.1.0",
            "info": [
                "title": "Glovebox", "version": "0.1.0",
                "summary": "Runs approved code on private data and releases what a policy allows.",
                "description": "Errors of both APIs are problem+json with stable codes. The enclave is emulated.",
                "license": ["name": "Apache-2.0", "identifier": "Apache-2.0"],
            ],
            "servers": [["url": "/"]], "paths": paths,
            "components": [
                "schemas": .object(JSONObject(OpenAPISchemas.all)),
                "securitySchemes": [
                    "bearer": ["type": "http", "scheme": "bearer"], "basic": ["type": "http", "scheme": "basic"],
                ],
            ],
        ]
    }

    private static var paths: JSONValue {
        var paths = JSONObject()
        for route in RouteTable.routes {
            let (path, parameters) = self.path(of: route)
            for base in route.api == .native ? ["/glovebox/v1"] : ["/ga4gh/tes/v1", "/v1"] {
                var methods = paths[base + path]?.object ?? JSONObject()
                methods[route.method.rawValue.lowercased()] = operation(route, parameters, base)
                paths[base + path] = .object(methods)
            }
        }
        return .object(paths)
    }

    /// The path with named variables, and their names.
    private static func path(of route: Route) -> (String, [String]) {
        var names: [String] = []
        var out = ""
        for part in route.path.dropFirst().split(separator: "/") {
            guard part.first == "*" else {
                out += "/" + part
                continue
            }
            let name = part == "**" ? "path" : variables[String(out.split(separator: "/").last ?? "")] ?? "id"
            names.append(name)
            out += "/{\(name)}" + part.drop { $0 == "*" }
        }
        return (out, names)
    }

    private static let variables = [
        "accounts": "account", "tokens": "token", "datasets": "dataset", "plans": "digest", "jobs": "job",
        "results": "n", "certificates": "spki", "tasks": "id", "projects": "project",
        "webhooks": "webhook", "nodes": "node",
    ]

    private static func operation(_ route: Route, _ variables: [String], _ base: String) -> JSONValue {
        let suffix = base == "/v1" ? "Short" : ""
        var parameters = variables.map { name -> JSONValue in
            ["name": .string(name), "in": "path", "required": true, "schema": ["type": "string", "minLength": 1]]
        }
        parameters += route.query.sorted().map { name in
            var schema = OpenAPISchemas.query[name] ?? ["type": "string"]
            if route.repeating.contains(name) { schema = ["type": "array", "items": schema] }
            return ["name": .string(name), "in": "query", "required": false, "schema": schema]
        }
        if route.method == .patch {
            let schema: JSONValue = ["type": "string", "pattern": "^\"(0|[1-9][0-9]*)\"$"]
            parameters.append(["name": "If-Match", "in": "header", "required": true, "schema": schema])
        }
        if route.method == .post, route.body != .upload {
            let schema: JSONValue = ["type": "string", "minLength": 1, "maxLength": 128, "pattern": "^[!-~]+$"]
            parameters.append(["name": "Idempotency-Key", "in": "header", "required": false, "schema": schema])
        }
        if Self.hasTag(route) {
            parameters.append([
                "name": "If-None-Match", "in": "header", "required": false, "schema": ["type": "string"],
            ])
        }
        var object = JSONObject([
            ("operationId", .string(route.operation.rawValue + suffix)), ("parameters", .array(parameters)),
            ("responses", responses(route)), ("x-glovebox-roles", roles(route.operation)),
        ])
        if let scope = route.operation.scope { object["x-glovebox-scope"] = .string(scope.rawValue) }
        object["security"] = route.operation.allows(nil) ? [] : [["bearer": []], ["basic": []]]
        switch route.body {
        case .none: break
        case .upload: object["requestBody"] = body("application/octet-stream", ["type": "string", "format": "binary"])
        case .json, .any:
            let schema = OpenAPISchemas.requests[route.operation].map(OpenAPISchemas.reference)
            object["requestBody"] = body("application/json", schema ?? ["type": "object"])
        }
        return .object(object)
    }

    private static func body(_ type: String, _ schema: JSONValue) -> JSONValue {
        ["required": true, "content": .object(JSONObject([(type, ["schema": schema])]))]
    }

    private static func roles(_ operation: GloveboxJobs.Operation) -> JSONValue {
        switch operation.access {
        case .open: "open"
        case .login: "login"
        case .roles(let roles): .array(roles.names.map { .string($0) })
        }
    }

    private static func responses(_ route: Route) -> JSONValue {
        let answer =
            OpenAPISchemas.exceptions[route.path] ?? OpenAPISchemas.answers[route.operation]
            ?? .bytes("application/octet-stream")
        let content: JSONValue
        switch answer {
        case .schema(let name): content = ["application/json": ["schema": OpenAPISchemas.reference(name)]]
        case .list(let name):
            let items: JSONValue = ["type": "array", "items": OpenAPISchemas.reference(name)]
            content = [
                "application/json": [
                    "schema": [
                        "type": "object", "required": ["items"], "additionalProperties": false,
                        "properties": ["items": items, "next": ["type": "string"]],
                    ]
                ]
            ]
        case .bytes(let type): content = .object(JSONObject([(type, [:])]))
        }
        let problem: JSONValue = [
            "description": "a refusal, with its reasons",
            "content": ["application/problem+json": ["schema": OpenAPISchemas.reference("Problem")]],
        ]
        let done = OpenAPISchemas.created.contains(route.operation) ? "201" : "200"
        var all: [(String, JSONValue)] = [(done, ["description": "done", "content": content])]
        if hasTag(route) { all.append(("304", ["description": "as the caller has it already, by its ETag"])) }
        return .object(JSONObject(all + [("4XX", problem), ("5XX", problem)]))
    }

    /// Whether what is read has an `ETag`.
    private static func hasTag(_ route: Route) -> Bool { route.method == .get && route.operation != .readEvents }
}
