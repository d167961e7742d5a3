package import GloveboxCore

/// Which events of a log to tell.
package struct AuditFilter: Sendable {
    /// Only those of this job.
    package var job: String?
    /// Only those of this project.
    package var project: String?
    /// Only those by or for this person: the beginning of a pseudonym's hex digits, as the timeline shows it.
    package var actor: String?
    /// Only those from this moment on.
    package var since: Instant?

    /// All events.
    package init() {}

    /// Whether to tell this one.
    package func admits(_ event: PublicEvent) -> Bool {
        func isThe(_ wanted: String?, _ value: String?) -> Bool {
            guard let wanted else { return true }
            return value?.utf8.elementsEqual(wanted.utf8) ?? false
        }
        return isThe(job, event.job) && isThe(project, event.project) && since.map { event.time >= $0 } ?? true
            && actor.map { Self.is($0, event.actor) || Self.is($0, event.user) } ?? true
    }

    private static func `is`(_ wanted: String, _ pseudonym: String?) -> Bool {
        guard let pseudonym else { return false }
        let digits = pseudonym.utf8.drop { $0 != UInt8(ascii: ":") }.dropFirst()
        return pseudonym.utf8.elementsEqual(wanted.utf8) || digits.starts(with: wanted.utf8)
    }
}
