internal import GloveboxCore

/// Collects checks.
///
/// A failure never stops the list; a check whose input is missing is skipped.
struct CheckList {
    private var checks: [Verdict.Check] = []

    /// The checks by stage, in the order of running within a stage.
    var sorted: [Verdict.Check] {
        checks.enumerated().sorted { ($0.element.stage, $0.offset) < ($1.element.stage, $1.offset) }.map(\.element)
    }

    /// Why those who must not go on without every required check do not; empty when all passed.
    var causes: [GloveboxError] {
        let refused = sorted.filter { $0.required && $0.status != .passed }
        // A skipped check has its cause in one that failed.
        let failed = refused.filter { $0.status == .failed }
        return (failed.isEmpty ? refused : failed).map { GloveboxError($0.reason, $0.detail) }
    }

    /// Runs a check and keeps its value.
    mutating func run<Value>(
        _ stage: Verdict.Stage,
        _ id: String,
        _ body: () throws(GloveboxError) -> Value
    ) -> Value? {
        do throws(GloveboxError) {
            let value = try body()
            add(stage, id, .passed)
            return value
        } catch {
            add(stage, id, .failed, error.code, Display.escape(error.message))
            return nil
        }
    }

    /// Runs a check that needs a value, or skips it.
    mutating func run<First, Value>(
        _ stage: Verdict.Stage,
        _ id: String,
        _ first: First?,
        _ body: (First) throws(GloveboxError) -> Value
    ) -> Value? {
        guard let first else { return skip(stage, id) }
        return run(stage, id) { () throws(GloveboxError) in try body(first) }
    }

    /// Runs a check that needs two values, or skips it.
    mutating func run<First, Second, Value>(
        _ stage: Verdict.Stage,
        _ id: String,
        _ first: First?,
        _ second: Second?,
        _ body: (First, Second) throws(GloveboxError) -> Value
    ) -> Value? {
        guard let first, let second else { return skip(stage, id) }
        return run(stage, id) { () throws(GloveboxError) in try body(first, second) }
    }

    /// Runs a check that needs three values, or skips it.
    mutating func run<First, Second, Third, Value>(
        _ stage: Verdict.Stage,
        _ id: String,
        _ first: First?,
        _ second: Second?,
        _ third: Third?,
        _ body: (First, Second, Third) throws(GloveboxError) -> Value
    ) -> Value? {
        guard let first, let second, let third else { return skip(stage, id) }
        return run(stage, id) { () throws(GloveboxError) in try body(first, second, third) }
    }

    /// Runs a check that can fail for several causes at once, and records each; without its subject it is skipped.
    mutating func review<Subject>(
        _ stage: Verdict.Stage,
        _ id: String,
        _ subject: Subject?,
        _ causes: (Subject) -> [GloveboxError]
    ) {
        guard let subject else { return add(stage, id, .skipped, "check.skipped", "an earlier check failed") }
        let found = causes(subject)
        if found.isEmpty { add(stage, id, .passed) }
        for cause in found { add(stage, id, .failed, cause.code, Display.escape(cause.message)) }
    }

    /// Records a check that this verification does not ask for.
    mutating func leaveOut(_ stage: Verdict.Stage, _ id: String, _ why: String) {
        add(stage, id, .skipped, "", why, required: false)
    }

    private mutating func skip<Value>(_ stage: Verdict.Stage, _ id: String) -> Value? {
        add(stage, id, .skipped, "check.skipped", "an earlier check failed")
        return nil
    }

    private mutating func add(
        _ stage: Verdict.Stage,
        _ id: String,
        _ status: Verdict.Status,
        _ reason: String = "",
        _ detail: String = "",
        required: Bool = true
    ) {
        checks.append(
            Verdict.Check(stage: stage, id: id, status: status, reason: reason, detail: detail, required: required)
        )
    }
}
