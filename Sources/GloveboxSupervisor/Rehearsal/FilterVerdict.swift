package import GloveboxCore
internal import GloveboxDisclosure
internal import GloveboxPolicy
internal import GloveboxPrivacy

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
    private let forecast: AnswerForecast?
    private let bundle: [UInt8]?
    // `mock`, `private`, or `none` for a job that is shown no dataset.
    private let kind: String

    /// Takes a decision; `faults` make the whole folder unfit, whatever it was.
    ///
    /// - Throws: `output.too-large`.
    init(
        policy: OutputPolicy,
        decision: Decision,
        faults: [String],
        forecast: AnswerForecast?,
        data: FilterData?
    ) throws(GloveboxError) {
        let leaves = decision.outcome != .refuse && faults.isEmpty
        self.policy = policy.document
        (self.decision, self.faults, self.forecast) = (decision, faults, forecast)
        kind = data.map { $0.isMock ? "mock" : "private" } ?? "none"
        outcome = (leaves ? decision.outcome : .refuse).rawValue
        files = leaves ? decision.files.map { File(name: $0.name, bytes: $0.bytes) } : []
        bundle = files.isEmpty ? nil : try ReleaseBundle(decision.files, pad: policy.channels.pad).bytes
    }

    // What the researcher would be told on private data.
    private var told: String {
        if outcome == Decision.Outcome.release.rawValue { return "released" }
        return (faults.isEmpty ? decision.reasons.first : nil) ?? "not-released"
    }

    // The noisy answer as it would be written; nil when none was drawn, or it is no JSON.
    private var answer: JSONValue? {
        guard forecast != nil, let file = files.first, file.name.hasSuffix(".json") else { return nil }
        do { return try JSONReader.read(file.bytes) } catch { return nil }  // then it is shown as a file alone
    }

    /// The verdict as one object; sizes in bytes.
    package var json: JSONValue {
        var object = JSONObject([
            ("outcome", .string(outcome)), ("policy", .string(policy.digest.named)),
            ("data", .string(kind)), ("told", .string(told)),
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
        object["cost"] = forecast?.json
        object["answer"] = answer
        if let bundle {
            object["bundle"] = [
                "bytes": .integer(Int64(bundle.count)), "sha256": .string(Machine.sha256(bundle).hex),
            ]
        }
        return .object(object)
    }

    /// The verdict in lines.
    package var lines: [String] {
        var lines = ["policy      \(policy.name) \(policy.digest.named)", "data        \(kind)"]
        lines += faults.map { "output      fail: \($0)" }
        for finding in decision.findings {
            let detail = finding.detail.isEmpty ? "" : ": \(Display.escape(finding.detail))"
            lines.append(Self.row(finding.check, finding.outcome.rawValue + detail))
            for cell in finding.cells.prefix(10) {
                lines.append(Self.row("", Display.escape(cell.joined(separator: ", "))))
            }
            if finding.cells.count > 10 { lines.append(Self.row("", "and \(finding.cells.count - 10) more")) }
        }
        if let forecast { lines += Self.lines(forecast.json) }
        if let answer {
            lines.append(Self.row("answer", String(decoding: CanonicalJSON.encode(answer), as: UTF8.self)))
        } else if forecast != nil, outcome == Decision.Outcome.release.rawValue, files.isEmpty {
            lines.append(Self.row("answer", "none is drawn here: a site draws it once, when it is paid for"))
        }
        lines.append(Self.row("bits", Capacity.text(millibits: decision.millibits)))
        for file in files { lines.append(Self.row("file", "\(file.name), \(file.bytes.count) bytes")) }
        lines.append(Self.row("outcome", "\(outcome); on private data the researcher is told: \(told)"))
        return lines
    }

    // What an answer costs, and how far from the truth it may be.
    private static func lines(_ cost: JSONValue) -> [String] {
        func text(_ value: JSONValue?) -> String { value?.string ?? "" }
        let loss = cost["epsilon_at_delta"]
        let epsilon = loss.map { "; epsilon \(text($0["epsilon"])) at delta \(text($0["delta"]))" } ?? ""
        let noise = (cost["noise"]?.array ?? []).map { law in
            row(
                "noise",
                "\(text(law["of"])): \(text(law["law"])), scale \(text(law["scale"])), 95 % within "
                    + text(law["accuracy95"])
            )
        }
        return [row("costs", "rho \(text(cost["rho"])) of the budgets of dataset and project" + epsilon)] + noise
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
