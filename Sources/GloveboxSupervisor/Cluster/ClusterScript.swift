internal import GloveboxCore
internal import GloveboxJobs

/// The script that a scheduler is handed: a template with its places filled.
enum ClusterScript {
    /// The place of the scheduler's own id, in commands.
    static let externalID = "{{ExternalId}}"

    /// Values such as every job has, to try a template with.
    static let example = [
        "TaskId": "job_0", "Cpus": "1", "RamMib": "1", "DiskMib": "1", "WallMinutes": "1", "Executable": "/x",
        "State": "/x",
    ]

    /// The values of one job.
    ///
    /// `wall` is the declared limit in seconds; a worker also waits, stages and hands over, so it is told an hour more.
    static func values(task: String, needs: Resources, wall: UInt64, state: String) throws(GloveboxError) -> [String:
        String]
    {
        [
            "TaskId": task, "Cpus": String(needs.processors), "RamMib": String(max(1, needs.memory >> 20)),
            "DiskMib": String(max(1, needs.disk >> 20)), "WallMinutes": String(wall / 60 + 60),
            "Executable": try Machine.sibling("gloveboxd"), "State": state,
        ]
    }

    /// A text with each `{{Name}}` filled.
    ///
    /// - Throws: `config.invalid` for a place that has no value, and for a value that a shell could read otherwise.
    static func fill(_ text: String, _ values: [String: String]) throws(GloveboxError) -> String {
        var parts = text.split(separator: "{{", omittingEmptySubsequences: false)
        var filled = String(parts.removeFirst())
        for part in parts {
            guard let end = part.firstRange(of: "}}"), let value = values[String(part[..<end.lowerBound])] else {
                throw GloveboxError(
                    "config.invalid",
                    "a cluster's template has an unknown place: {{\(Display.escape(String(part.prefix(40))))",
                    hint: "There are \(values.keys.sorted().joined(separator: ", "))."
                )
            }
            guard isPlain(value[...]) else {
                throw GloveboxError(
                    "config.invalid",
                    "\(Display.escape(value)) cannot stand in a cluster's script",
                    hint: "Paths of the program and the state have letters, digits and . _ - / alone."
                )
            }
            filled += value + part[end.upperBound...]
        }
        return filled
    }

    /// Whether every reader takes a value as it stands: letters, digits and `. _ - /`, at most 1024, not an option.
    static func isPlain(_ value: Substring) -> Bool {
        guard (1...1024).contains(value.utf8.count), value.utf8.first != UInt8(ascii: "-") else { return false }
        return value.utf8.allSatisfy { byte in
            (0x30...0x39).contains(byte) || (0x41...0x5a).contains(byte) || (0x61...0x7a).contains(byte)
                || [0x2e, 0x5f, 0x2d, 0x2f].contains(byte)
        }
    }
}
