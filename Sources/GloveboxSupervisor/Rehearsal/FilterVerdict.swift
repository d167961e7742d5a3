package import GloveboxCore
internal import GloveboxDisclosure
internal import GloveboxPolicy

/// What the release filter says about a directory, with exact reasons: for the data's owner, or on mock data for anyone.
package struct FilterVerdict: Sendable {
    /// A file that would leave.
    package struct File: Sendable {
        /// Its declared name.
        package let name: String
        /// The supervisor's own bytes.
        package let bytes: [UInt8]
    }

    /// `release`, `review` or `refuse`.
    package let outcome: String
    /// The files that would leave.
    package let files: [File]
    private let policy: PolicyDocument
    private let decision: Decision
    private let faults: [String]
    private let bundle: [UInt8]?
    private let isMock: Bool

    init(policy: PolicyDocument, decision: Decision, faults: [String], bundle: [UInt8]?, isMock: Bool) {
        self.policy = policy
        self.decision = decision
        self.faults = faults
        self.bundle = bundle
        self.isMock = isMock
        outcome = bundle == nil ? Decision.Outcome.refuse.rawValue : decision.outcome.rawValue
        files = bundle == nil ? [] : decision.files.map { File(name: $0.name, bytes: $0.bytes) }
    }

    // What the researcher would be told on private data.
    private var told: String {
        outcome == Decision.Outcome.release.rawValue ? "released" : decision.reasons.first ?? "not-released"
    }

    /// The verdict as one object; sizes in bytes.
    package var json: JSONValue {
        var object = JSONObject([
            ("outcome", .string(outcome)), ("policy", .string(policy.digest.named)),
            ("data", isMock ? "mock" : "private"), ("told", .string(told)),
            ("faults", .array(faults.map(JSONValue.string))), ("checks", .array(decision.findings.map(Self.json))),
            ("bits", .string(Capacity.text(millibits: decision.millibits))),
            (
                "files",
                .array(
                    files.map {
                        [
                            "name": .string($0.name), "bytes": .integer(Int64($0.bytes.count)),
                            "sha256": .string(Machine.sha256($0.bytes).hex),
                        ]
                    }
                )
            ),
        ])
        if let bundle {
            object["bundle"] = [
                "bytes": .integer(Int64(bundle.count)), "sha256": .string(Machine.sha256(bundle).hex),
            ]
        }
        return .object(object)
    }

    /// The verdict in lines.
    package var lines: [String] {
        var lines = ["policy      \(policy.name) \(policy.digest.named)", "data        \(isMock ? "mock" : "private")"]
        lines += faults.map { "output      fail: \($0)" }
        for finding in decision.findings {
            let detail = finding.detail.isEmpty ? "" : ": \(Display.escape(finding.detail))"
            lines.append(Self.row(finding.check, finding.outcome.rawValue + detail))
            for cell in finding.cells.prefix(10) {
                lines.append(Self.row("", Display.escape(cell.joined(separator: ", "))))
            }
            if finding.cells.count > 10 { lines.append(Self.row("", "and \(finding.cells.count - 10) more")) }
        }
        lines.append(Self.row("bits", Capacity.text(millibits: decision.millibits)))
        for file in files { lines.append(Self.row("file", "\(file.name), \(file.bytes.count) bytes")) }
        lines.append(Self.row("outcome", "\(outcome); on private data the researcher is told: \(told)"))
        return lines
    }

    private static func json(_ finding: Finding) -> JSONValue {
        [
            "id": .string(finding.check), "outcome": .string(finding.outcome.rawValue),
            "detail": .string(finding.detail), "parameters": finding.parameters,
            "cells": .array(finding.cells.map { .array($0.map(JSONValue.string)) }),
        ]
    }

    private static func row(_ name: String, _ text: String) -> String {
        name + String(repeating: " ", count: max(1, 12 - name.count)) + text
    }
}
