package import GloveboxCore

/// What a stretch of the journal adds to an index.
package struct IndexBatch: Sendable {
    /// An event of a job that is open, by the job's number.
    package struct JobEvent: Sendable {
        let index: UInt64
        let job: UInt64

        /// An event at this index of the journal.
        package init(index: UInt64, job: UInt64) { (self.index, self.job) = (index, job) }
    }

    /// A request that made a job.
    package struct Request: Sendable {
        /// The key's name.
        package let name: String
        let body: Digest
        let job: String

        /// A request under its key's name, with the digest of its body.
        package init(name: String, body: Digest, job: String) { (self.name, self.body, self.job) = (name, body, job) }
    }

    /// Events of the site that each start reads.
    package var lasting: [UInt64] = []
    /// Events of the site of which each start reads the last, by what they are about.
    package var latest: [String: UInt64] = [:]
    /// Jobs that were submitted, by number.
    package var begun: [(number: UInt64, id: String)] = []
    /// What happened to open jobs.
    package var events: [JobEvent] = []
    /// Code trees by digest, each with the event that registered it.
    package var codes: [(nar: Digest, index: UInt64)] = []
    /// Requests with an idempotency key.
    package var requests: [Request] = []
    /// Jobs that have ended.
    package var ended: [EndedJob] = []

    /// A batch without anything.
    package init() {}

    /// How much there is to write.
    package var count: Int {
        lasting.count + latest.count + begun.count + events.count + codes.count + requests.count + ended.count
    }

    /// This batch with a later one.
    package func followed(by later: IndexBatch) -> IndexBatch {
        var both = self
        both.lasting += later.lasting
        both.latest.merge(later.latest) { $1 }
        both.begun += later.begun
        both.events += later.events
        both.codes += later.codes
        both.requests += later.requests
        both.ended += later.ended
        return both
    }
}
