internal import GloveboxAPI
internal import GloveboxAttestation
internal import GloveboxCore
internal import GloveboxJobs

/// What lists show of a job that has ended, once everyone may know how it did: nothing of it changes any more.
///
/// The index keeps it, since a job's story is long to tell. People's names are not in it: they can be erased.
struct JobCard {
    /// The project.
    let project: String
    /// The account that submitted it.
    let submitter: String
    /// As those see it who look after the site; the account stands in the place of its name.
    private let full: JobInfo
    /// As others do.
    private let shown: JobInfo

    /// The card of a job that has ended.
    init(_ entry: JobEntry) {
        (project, submitter) = (entry.manifest.project, entry.job.submitter)
        full = entry.info(entry.job.fullView, full: true, at: entry.revealed)
        shown = entry.info(entry.shownView(at: entry.revealed), full: false, at: entry.revealed)
    }

    /// Reads ``bytes``.
    ///
    /// - Throws: `index.damaged` when they are no card of that job.
    init(stored bytes: [UInt8], of id: String) throws(GloveboxError) {
        do throws(GloveboxError) {
            var fields = try JSONFields(JSONReader.read(bytes), at: "card")
            (project, submitter) = (try fields.string("project"), try fields.string("submitter"))
            full = try JobInfo(json: fields.required("full"))
            shown = try JobInfo(json: fields.required("shown"))
            try fields.finish()
            guard full.id == id, shown.id == id else { throw GloveboxError("schema.value", "it is another job's") }
        } catch {
            throw GloveboxError(
                "index.damaged",
                "what the index keeps of \(Display.escape(id)) is not readable: \(error.message)",
                hint: "Make it anew with 'gloveboxd serve --rebuild-index'."
            )
        }
    }

    /// The kept form.
    var bytes: [UInt8] {
        CanonicalJSON.encode([
            "project": .string(project), "submitter": .string(submitter), "full": full.json, "shown": shown.json,
        ])
    }

    /// What a reader is shown, who knows the submitter by a name.
    func info(full isFull: Bool, submitter name: String) -> JobInfo {
        let info = isFull ? full : shown
        return JobInfo(
            id: info.id,
            phase: info.phase,
            since: info.since,
            waiting: info.waiting,
            message: info.message,
            planDigest: info.planDigest,
            coreDigest: info.coreDigest,
            submitter: name,
            dataset: info.dataset,
            mode: info.mode,
            created: info.created,
            runs: info.runs,
            reasons: info.reasons,
            denied: info.denied,
            receiptURL: info.receiptURL
        )
    }
}
