import ArgumentParser
import GloveboxCore
import GloveboxPolicy

/// `gloveboxd policy`: judges policy files; needs no site.
struct PolicyCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "policy",
        abstract: "Check, compare, explain and try policy files, without a site.",
        subcommands: [
            Check.self, Diff.self, Explain.self, PolicyEvalCommand.self, PolicyViewCommand.self,
            PolicyClaimCommand.self,
        ]
    )

    /// `policy check`.
    struct Check: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Check one document, or documents on top of each other (site, dataset, project, run).",
            discussion: """
                A later document states only what it tightens; one that loosens a limit is refused with its key path. \
                The digest is that of what holds in the end.

                EXAMPLES
                  glovebox policy check aggregate-table.yaml
                  glovebox policy check site.yaml project.yaml --json

                EXIT STATUS
                  0 what holds is valid; 1 a file is no valid document; 2 usage; 3 a document loosens, or keys do not fit.
                """
        )

        @Argument(help: ArgumentHelp("YAML files, the loosest first.", valueName: "FILE"))
        var files: [String]

        @OptionGroup var options: ReportOptions

        func run() throws {
            try options.report { () throws(GloveboxError) in
                let merge = try PolicyCommand.merge(files).merge
                let document = merge.document
                options.result(
                    [
                        "kind": .string(merge.kind.rawValue), "name": .string(document.name),
                        "version": .integer(document.version), "digest": .string(document.digest.named),
                        "sources": .array(files.map(JSONValue.string)),
                    ],
                    ["valid       \(merge.kind.rawValue) \(document.name) version \(document.version)"]
                        + ["digest      \(document.digest.named)"]
                )
            }
        }
    }

    /// `policy diff`.
    struct Diff: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Show every limit in which two documents differ, and whether the second is tighter.",
            discussion: """
                Defaults are filled in first, so spelling, order and comments make no difference.

                EXAMPLE
                  glovebox policy diff old.yaml new.yaml

                EXIT STATUS
                  0 the same; 1 they differ, or a file is no valid document; 2 usage.
                """
        )

        @Argument(help: ArgumentHelp("The first file.", valueName: "A"))
        var first: String

        @Argument(help: ArgumentHelp("The second file.", valueName: "B"))
        var second: String

        @OptionGroup var options: ReportOptions

        func run() throws {
            var changes: [PolicyMerge.Change] = []
            try options.report { () throws(GloveboxError) in
                let (one, other) = (try DocumentFile(first).value, try DocumentFile(second).value)
                let kind = try DocumentKind(of: one)
                guard try DocumentKind(of: other) == kind else {
                    throw GloveboxError("policy.kinds", "only documents of one kind can be compared")
                }
                let (before, after) = (try kind.read(one), try kind.read(other))
                changes = PolicyMerge.changes(before.canonical, after.canonical, kind.rules)
                options.result(
                    [
                        "before": .string(before.digest.named), "after": .string(after.digest.named),
                        "changes": .array(changes.map { PolicyCommand.json($0, kind) }),
                    ],
                    changes.isEmpty ? ["same        \(before.digest.named)"] : changes.map { Self.line($0, kind) }
                )
            }
            if !changes.isEmpty { throw ExitCode(1) }
        }

        private static func line(_ change: PolicyMerge.Change, _ kind: DocumentKind) -> String {
            let (before, after) = (PolicyCommand.text(change.before), PolicyCommand.text(change.after))
            let order = kind.merges ? "  (\(change.order.rawValue))" : ""
            return "\(change.path): \(before) -> \(after)\(order)"
        }
    }

    /// `policy explain`.
    struct Explain: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Show what holds, and which line of which document set each limit.",
            discussion: """
                EXAMPLES
                  glovebox policy explain site.yaml dataset.yaml project.yaml
                  glovebox policy explain site.yaml project.yaml --key checks.threshold
                """
        )

        @Argument(help: ArgumentHelp("YAML files, the loosest first.", valueName: "FILE"))
        var files: [String]

        @Option(help: ArgumentHelp("Only limits below this key path.", valueName: "PATH"))
        var key: String?

        @OptionGroup var options: ReportOptions

        func run() throws {
            try options.report { () throws(GloveboxError) in
                let (documents, merge) = try PolicyCommand.merge(files)
                let origins = merge.origins.filter { origin in
                    key.map { origin.path == $0 || origin.path.hasPrefix($0 + ".") || origin.path.hasPrefix($0 + "[") }
                        ?? true
                }
                guard !origins.isEmpty else {
                    throw GloveboxError("usage", "the policy has no limit \(Display.escape(key ?? ""))")
                }
                func line(_ origin: PolicyMerge.Origin) -> Int? {
                    origin.source.flatMap { documents[$0].lines.line(of: origin.place) }
                }
                options.result(
                    [
                        "digest": .string(merge.document.digest.named),
                        "limits": .array(
                            origins.map { origin in
                                var object = JSONObject([("path", .string(origin.path)), ("value", origin.value)])
                                object["file"] = origin.source.map { .string(files[$0]) }
                                object["line"] = line(origin).map { .integer(Int64($0)) }
                                return .object(object)
                            }
                        ),
                    ],
                    origins.map { origin in
                        let place = origin.source.map { "\(Display.escape(files[$0])):\(line(origin) ?? 1)" }
                        return "\(origin.path): \(PolicyCommand.text(origin.value))    \(place ?? "default")"
                    }
                )
            }
        }
    }

    private static func merge(
        _ files: [String]
    ) throws(GloveboxError) -> (documents: [DocumentFile], merge: PolicyMerge) {
        var documents: [DocumentFile] = []
        for file in files { documents.append(try DocumentFile(file)) }
        return (documents, try PolicyMerge(documents.map(\.value), lines: documents.map(\.lines)))
    }

    private static func text(_ value: JSONValue?) -> String {
        value.map { String(decoding: CanonicalJSON.encode($0), as: UTF8.self) } ?? "none"
    }

    private static func json(_ change: PolicyMerge.Change, _ kind: DocumentKind) -> JSONValue {
        var object = JSONObject([("path", .string(change.path))])
        object["before"] = change.before
        object["after"] = change.after
        if kind.merges { object["order"] = .string(change.order.rawValue) }
        return .object(object)
    }
}
