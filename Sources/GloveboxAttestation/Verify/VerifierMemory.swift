package import GloveboxCore

/// What a reader remembers of the reports that verified, by which later ones are judged: no single report can show that a site
/// went back, or that it told two stories.
///
/// Source: attestation specification, sections 4.2 and 7.2.
package struct VerifierMemory: Sendable {
    private static let profile = "glovebox-verifier-memory/1"
    private static let limit = 5_000
    // Clocks of one site may be set back by so much.
    private static let tolerance: Int64 = 300

    private var seen: [Seen] = []

    /// Remembers nothing.
    package init() {}

    /// Reads a memory.
    ///
    /// - Throws: codes of the strict reader; `schema.…`.
    package init(parsing bytes: [UInt8]) throws(GloveboxError) {
        var fields = try JSONFields(JSONReader.read(bytes), at: "memory")
        try fields.constant("profile", Self.profile, code: "schema.version")
        seen = try fields.list("seen")
        try fields.finish()
    }

    /// The file.
    package var bytes: [UInt8] {
        CanonicalJSON.encode(["profile": .string(Self.profile), "seen": .list(seen)])
    }

    /// Remembers a report that verified; of too many the oldest is forgotten.
    package mutating func note(_ report: Seen) {
        if seen.contains(report) { return }
        seen.append(report)
        if seen.count > Self.limit { seen.removeFirst() }
    }

    /// Everything in which a report contradicts one that verified before: `report.conflict`, `report.replay`.
    ///
    /// `isAsked` says that the reader chose the nonce, for one report alone.
    func stories(_ new: Seen, isAsked: Bool) -> [GloveboxError] {
        let others = seen.filter { $0.origin.isSame(as: new.origin) && $0.report != new.report }
        var causes: [GloveboxError] = []
        if others.contains(where: { $0.job.isSame(as: new.job) && $0.run == new.run }) {
            causes.append(GloveboxError("report.conflict", "another report of this run verified before"))
        }
        if isAsked, others.contains(where: { $0.nonce == new.nonce }) {
            causes.append(GloveboxError("report.replay", "the nonce was answered before, by another report"))
        }
        return causes
    }

    /// Everything in which the site's reports do not follow one another: `report.conflict`.
    ///
    /// Each report names the one before it, so no other can stand between the two, and none has two successors.
    func chain(_ new: Seen) -> [GloveboxError] {
        let others = seen.filter { $0.origin.isSame(as: new.origin) && $0.report != new.report }
        let places = Dictionary((others + [new]).map { ($0.report, $0.index) }, uniquingKeysWith: { first, _ in first })
        func breaks(_ report: Seen, among all: [Seen]) -> Bool {
            guard let previous = report.previous else { return false }
            if all.contains(where: { $0.previous == previous && $0.report != report.report }) { return true }
            if previous == .zero { return all.contains { $0.index < report.index } }
            guard let place = places[previous] else { return false }
            return place >= report.index || all.contains { place < $0.index && $0.index < report.index }
        }
        guard breaks(new, among: others) || others.contains(where: { breaks($0, among: [new]) }) else { return [] }
        let message = "the site's reports do not follow one another: one was left out or put in"
        return [GloveboxError("report.conflict", message)]
    }

    /// Everything in which the TPM went back: `tpm.clock`.
    func clock(_ new: Seen) -> [GloveboxError] {
        guard let clock = new.tpm else { return [] }
        let wentBack = seen.contains { old in
            guard let before = old.tpm, before.key == clock.key, old.origin.isSame(as: new.origin) else { return false }
            if old.index == new.index { return false }
            let (early, late) = old.index < new.index ? (before, clock) : (clock, before)
            return !late.clock.mayFollow(early.clock)
        }
        guard wentBack else { return [] }
        return [
            GloveboxError("tpm.clock", "the TPM's clock or counters went back between two reports; it may be a copy")
        ]
    }

    /// Everything in which the log went back: `log.rollback`.
    func order(_ new: Seen) -> [GloveboxError] {
        let others = seen.filter { $0.origin.isSame(as: new.origin) }
        let wentBack = others.contains { old in
            if old.index == new.index { return old.report != new.report }
            let (early, late) = old.index < new.index ? (old, new) : (new, old)
            return late.logged.adding(seconds: Self.tolerance) < early.logged
        }
        return wentBack
            ? [GloveboxError("log.rollback", "the log has this report where it had another, or later, entry before")]
            : []
    }

    /// Everything in which the site went back: `svn.downgrade`, `trust.rollback`.
    func versions(_ new: Seen) -> [GloveboxError] {
        let before = seen.filter { $0.attester.isSame(as: new.attester) }
        var causes: [GloveboxError] = []
        if before.contains(where: { $0.trustVersion > new.trustVersion }) {
            causes.append(GloveboxError("trust.rollback", "a newer trust policy of this site was seen before"))
        }
        if before.contains(where: { $0.svn > new.svn && $0.index < new.index }) {
            causes.append(GloveboxError("svn.downgrade", "a newer supervisor made an earlier report of this site"))
        }
        return causes
    }
}
