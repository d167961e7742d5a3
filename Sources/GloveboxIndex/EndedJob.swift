package import GloveboxCore
package import GloveboxJobs

/// What the index knows of a job that has ended: what lists are filtered by, and where the journal tells its story.
package struct EndedJob: Sendable, Equatable {
    /// A tag of a task.
    package struct Tag: Sendable, Hashable {
        /// Its key.
        package let key: String
        /// Its value.
        package let value: String

        /// A key with its value.
        package init(key: String, value: String) { (self.key, self.value) = (key, value) }
    }

    /// Its place in the order of submission, from 0.
    package let number: UInt64
    /// `job_…`.
    package let id: String
    /// The digest of its plan.
    package let plan: Digest
    /// The account that submitted it.
    package let submitter: String
    /// The project.
    package let project: String
    /// The name of the site's output policy that its rules tighten.
    package let policy: String
    /// What a client of the task API called it; nil for others.
    package let name: String?
    /// The tags it was given there.
    package let tags: Set<Tag>
    /// When it was submitted.
    package let created: Instant
    /// How it ended.
    package let phase: JobPhase
    /// From when on everyone is shown that.
    package let revealed: Instant
    /// Thousandths of a bit that its release was charged with.
    package let millibits: Int64
    /// The code tree that it names.
    package let code: Digest
    /// The image that it names.
    package let image: Digest
    /// When it was first meant to run; nil when it never was.
    package let started: Instant?
    /// Seconds of processor time that its plan declared.
    package let cpuSeconds: Int64
    /// Bytes of private data's results that were released.
    package let releasedBytes: Int64
    /// The journal's events that tell its story, in order.
    package let events: [UInt64]
    /// What lists show of it, in the site's own form; empty when that has to be told from its story.
    package let card: [UInt8]

    /// A job that has ended.
    package init(
        number: UInt64,
        id: String,
        plan: Digest,
        submitter: String,
        project: String,
        policy: String,
        name: String?,
        tags: Set<Tag>,
        created: Instant,
        phase: JobPhase,
        revealed: Instant,
        millibits: Int64,
        code: Digest,
        image: Digest,
        started: Instant?,
        cpuSeconds: Int64,
        releasedBytes: Int64,
        events: [UInt64],
        card: [UInt8] = []
    ) {
        self.number = number
        self.id = id
        self.plan = plan
        self.submitter = submitter
        self.project = project
        self.policy = policy
        self.name = name
        self.tags = tags
        self.created = created
        self.phase = phase
        self.revealed = revealed
        self.millibits = millibits
        self.code = code
        self.image = image
        self.started = started
        self.cpuSeconds = cpuSeconds
        self.releasedBytes = releasedBytes
        self.events = events
        self.card = card
    }
}
