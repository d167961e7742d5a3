/// Finds private bodies that an export should show and does not, and that no redaction explains.
package struct BodyCoverage: Sendable {
    private let manifest: ExportManifest
    private var missing: [UInt64: String?] = [:]

    /// Nothing read yet.
    package init(_ manifest: ExportManifest) { self.manifest = manifest }

    /// Reads the next event, and whether its body was shown.
    package mutating func add(_ event: PublicEvent, isShown: Bool) {
        if !isShown, manifest.promisesBody(of: event) { missing[event.index] = .some(event.job) }
        if event.kind == .redactionPerformed, let index = event.number("entry") { missing[index] = nil }
    }

    /// What is missing at the end of the log.
    package func finish() -> [AuditFinding] {
        missing.sorted { $0.key < $1.key }.map { index, job in
            AuditFinding(
                "audit.body-missing",
                at: index,
                job: job,
                "its private body is not shown, and was not redacted"
            )
        }
    }
}
