internal import GloveboxAPI
internal import GloveboxAttestation
internal import GloveboxCore
internal import GloveboxDisclosure
internal import GloveboxJobs

/// A release that is decided, or waits for people: its bytes are fixed, encrypted, and named in the log.
struct SealedRelease: Sendable {
    /// A round of the review that ended with questions.
    struct Round: Sendable {
        /// What was said in it.
        fileprivate let reviews: [DisclosureRecord.Review]
        /// The words of those who sent the release back.
        fileprivate let comments: [String]
        /// What the researcher answered, and when; nil while reviewers wait for it.
        fileprivate(set) var answer: (words: ReleaseAnswer, time: Instant)?

        /// As reviewers of a later round see it.
        var shown: ReleaseReview.Round {
            ReleaseReview.Round(verdicts: reviews.map(ReleaseReview.Verdict.init), answer: answer?.words)
        }

        /// As the disclosure record tells it; nil before it is answered.
        var told: DisclosureRecord.Round? {
            answer.map { DisclosureRecord.Round(reviews: reviews, answer: $0.words.json, time: $0.time) }
        }
    }

    /// SHA-256 of the bundle as it would leave.
    private(set) var bundle: Digest
    /// SHA-256 of the owner's copy of the disclosure record: what reviewers are shown beside the bundle.
    private(set) var evidence: Digest
    /// SHA-256 of everything that is kept for the decision; nil from versions that kept it in memory alone.
    let contents: Digest?
    /// Thousandths of a bit it will be charged with; counted while it waits, so that two that wait do not fit one room.
    let millibits: Int64
    /// What the event of the approval keeps for later; null for most.
    let approval: JSONValue
    /// The votes; nobody has one on a release that leaves by itself.
    var tally: ReviewTally
    /// The votes' envelopes, in order.
    var envelopes: [[UInt8]] = []
    /// The rounds before this one.
    private(set) var rounds: [Round] = []

    init(
        bundle: Digest,
        evidence: Digest,
        contents: Digest,
        millibits: Int64,
        approval: JSONValue,
        tally: ReviewTally
    ) {
        (self.bundle, self.evidence, self.contents) = (bundle, evidence, contents)
        (self.millibits, self.approval, self.tally) = (millibits, approval, tally)
    }

    /// Names of the files that the researcher left out.
    var dropped: Set<String> { Set(rounds.flatMap { $0.answer?.words.drop ?? [] }) }

    /// The first rounds, as a researcher is told of them.
    func told(_ count: Int) -> [ReviewRound] {
        rounds.prefix(count).map { ReviewRound(comments: $0.comments, answer: $0.answer?.words) }
    }

    /// What was said since the researcher's last answer.
    ///
    /// - Throws: codes of the strict reader; the votes were checked when they were counted.
    var reviews: [DisclosureRecord.Review] {
        get throws(GloveboxError) {
            if let last = rounds.last, last.answer == nil { return last.reviews }
            var reviews: [DisclosureRecord.Review] = []
            for bytes in envelopes {
                let envelope = try Envelope(parsing: bytes)
                let verdict = try ReleaseVerdict(parsing: envelope.payload)
                reviews.append(
                    DisclosureRecord.Review(
                        reviewer: verdict.account,
                        verdict: verdict.decision.rawValue,
                        digest: envelope.payloadDigest,
                        time: verdict.time,
                        reason: verdict.reason
                    )
                )
            }
            return reviews
        }
    }

    /// Closes the round: everyone speaks anew about what the researcher answers.
    ///
    /// - Throws: as ``reviews``.
    mutating func sendBack() throws(GloveboxError) {
        let reviews = try self.reviews
        let asking = reviews.filter { $0.verdict == ReleaseVerdict.Decision.sendBack.rawValue }
        rounds.append(Round(reviews: reviews, comments: asking.map(\.reason)))
        envelopes = []
        tally = ReviewTally(need: tally.need, requester: tally.requester)
    }

    /// Opens the next round.
    mutating func take(_ answer: ReleaseAnswer, at time: Instant) {
        guard !rounds.isEmpty else { return }
        rounds[rounds.count - 1].answer = (answer, time)
    }

    /// Opens the next round as the journal tells it: the answer, and what reviewers are shown from now on.
    mutating func resubmit(_ fields: inout JSONFields) throws(GloveboxError) {
        take(try ReleaseAnswer(json: fields.required("answer")), at: try fields.instant("answered"))
        bundle = try fields.digest("bundle")
        evidence = try fields.digest("evidence")
    }

    /// What ``resubmit(_:)`` reads.
    static func resubmission(
        _ answer: ReleaseAnswer,
        at time: Instant,
        bundle: Digest,
        evidence: Digest
    ) -> [(String, JSONValue)] {
        [
            ("answer", answer.json), ("answered", .string(time.description)), ("bundle", bundle.json),
            ("evidence", evidence.json),
        ]
    }

    /// Reads the journal's form.
    init(json: JSONValue, requester: String) throws(GloveboxError) {
        var fields = try JSONFields(json, at: "sealed")
        bundle = try fields.digest("bundle")
        evidence = try fields.digest("evidence")
        contents = try fields.optional("contents").map { (json) throws(GloveboxError) in
            guard let digest = json.string.flatMap(Digest.init(hex:)) else {
                throw GloveboxError("schema.type", "sealed.contents must be a SHA-256 digest")
            }
            return digest
        }
        millibits = try fields.integer("millibits")
        approval = fields.optional("approval") ?? .null
        tally = ReviewTally(need: Int(try fields.integer("need")), requester: requester)
        try fields.finish()
    }

    /// The journal's form.
    var json: JSONValue {
        var json = JSONObject([
            ("bundle", bundle.json), ("evidence", evidence.json), ("millibits", .integer(millibits)),
            ("need", .integer(Int64(tally.need))),
        ])
        json["contents"] = contents.map { .string($0.hex) }
        if approval != .null { json["approval"] = approval }
        return .object(json)
    }
}

extension ReleaseReview.Verdict {
    /// One person's word, as those are shown it who may know.
    init(_ review: DisclosureRecord.Review) {
        self.init(reviewer: review.reviewer, verdict: review.verdict, reason: review.reason)
    }
}
