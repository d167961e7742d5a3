package import GloveboxCore

/// What a command says when it fails.
package enum CommandFailure {
    /// One line on stderr; for readers of JSON an object on stdout, too.
    package static func tell(_ error: GloveboxError, json: Bool) {
        if json {
            var members: [(String, JSONValue)] = [("code", .string(error.code)), ("message", .string(error.message))]
            if let hint = error.hint { members.append(("hint", .string(hint))) }
            let object = JSONValue.object(JSONObject([("error", .object(JSONObject(members)))]))
            JailReportText.write(CanonicalJSON.encode(object) + [10], to: 1)
        }
        JailReportText.write("glovebox: \(error)\n", to: 2)
    }
}
