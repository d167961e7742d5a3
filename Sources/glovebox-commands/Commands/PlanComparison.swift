import GloveboxAPI
import GloveboxAttestation
import GloveboxCore
import GloveboxJobs

/// What changed since the plan that was approved before, for `glovebox show --diff`.
enum PlanComparison {
    /// Prints the differences, the lines of changed files among them.
    static func show(_ session: Session, _ job: String) async throws {
        let (new, info) = try await PlanView.load(session, job)
        guard let earlier = try await session.client.jobs().items.first(where: { isBefore($0, info) }) else {
            throw GloveboxError(
                "object.not-found",
                "no earlier plan of \(Display.escape(info.submitter)) on \(Display.escape(info.dataset)) was approved",
                hint: "Leave --diff out to see the whole plan."
            )
        }
        let (old, _) = try await PlanView.load(session, earlier.id)
        let difference = PlanDifference(from: old, to: new)
        var lines = [
            Terminal.row("before", "\(earlier.id) \(old.digest.named)"),
            Terminal.row("now", "\(job) \(new.digest.named)"),
        ]
        if difference.changes.isEmpty { lines.append("The two plans ask for the same.") }
        for change in difference.changes {
            lines.append(Terminal.row("field", change.field))
            if let before = change.before { lines.append("  - " + Display.escape(before)) }
            if let after = change.after { lines.append("  + " + Display.escape(after)) }
        }
        for path in difference.files {
            lines.append("--- \(Display.escape(path))")
            lines += try await compare(session, path, old, new)
        }
        session.terminal.result(json(earlier, old, new, difference), lines)
    }

    /// Whether people approved an earlier plan of the same researcher on the same data.
    private static func isBefore(_ job: JobInfo, _ other: JobInfo) -> Bool {
        guard job.id != other.id, job.submitter == other.submitter, job.dataset == other.dataset,
            job.created < other.created
        else { return false }
        return switch job.phase {
        case .accepted, .awaitingApproval, .denied, .cancelled, .expired: false
        default: true
        }
    }

    private static func compare(
        _ session: Session,
        _ path: String,
        _ old: Manifest,
        _ new: Manifest
    ) async throws -> [String] {
        let before = try await lines(session, path, old)
        let after = try await lines(session, path, new)
        let changes = after.difference(from: before)
        var out: [String] = []
        for case .remove(let line, let text, _) in changes.removals {
            out.append("  - \(line + 1): \(Display.escape(text))")
        }
        for case .insert(let line, let text, _) in changes.insertions {
            out.append("  + \(line + 1): \(Display.escape(text))")
        }
        return out
    }

    private static func lines(_ session: Session, _ path: String, _ plan: Manifest) async throws -> [String] {
        guard plan.core.files.contains(where: { $0.path.utf8.elementsEqual(path.utf8) }) else { return [] }
        let bytes = try await session.client.planFile(digest: plan.digest, path: path)
        return bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
            .map { String(decoding: $0, as: UTF8.self) }
    }

    private static func json(
        _ earlier: JobInfo,
        _ old: Manifest,
        _ new: Manifest,
        _ difference: PlanDifference
    ) -> JSONValue {
        let changes = difference.changes.map { change -> JSONValue in
            [
                "field": .string(change.field), "before": change.before.map { .string($0) } ?? .null,
                "after": change.after.map { .string($0) } ?? .null,
            ]
        }
        return [
            "before": ["job": .string(earlier.id), "plan_digest": .string(old.digest.named)],
            "plan_digest": .string(new.digest.named), "changes": .array(changes),
        ]
    }
}
