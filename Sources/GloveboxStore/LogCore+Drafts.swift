internal import GloveboxCore
internal import GloveboxTransparency
internal import Synchronization

/// What stands in every event, so that many callers take one reference and not one of each text.
final class HeldContext: Sendable {
    let value: EventContext

    init(_ value: EventContext) { self.value = value }
}

extension LogCore {
    /// Makes an event ready for the log, in its caller's thread.
    ///
    /// - Throws: `log.schema`, `log.leaf-not-canonical`.
    func draft(_ event: Event) throws(GloveboxError) -> Draft {
        try event.checkFields()
        let now = clock.now()
        let context = context.withLock { $0 }.value
        // A UUID, a nonce, and a salt for the body and each of its fields, of which rounding adds two.
        var random = BufferedRandom(expecting: 32 + 32 * (1 + event.body.count + (event.timeStep > 1 ? 2 : 0)))
        let template = try event.template(
            at: now.wall,
            monotonic: now.monotonic,
            context: context,
            using: &random
        )
        guard template.body.count + BodySeal.overhead <= JournalRecord.maxSealedBytes else {
            throw GloveboxError("log.schema", "the private body of \(event.kind.rawValue) is too long")
        }
        return .event(
            Draft.Event(
                template: template,
                job: event.job.map(LogIndex.Name.job),
                key: event.idempotencyKey.map { .key(Pseudonym.make($0, root: context.pseudonymKey)) },
                nonce: BodySeal.nonce(using: &random)
            )
        )
    }
}
