internal import GloveboxCore
internal import GloveboxPrivacy
internal import GloveboxStore
internal import GloveboxTransparency

/// The randomness of a noisy answer: there is none before the charge for it is read back from the journal's disk.
///
/// Source: release policy sections 2 (5) and 9.4.
struct PaidNoise: RandomSource {
    private var system = SystemRandom()

    /// - Throws: `privacy.unpaid` when the journal's disk has no charge of that job where the payment says; `log.*`.
    init(_ payment: Payment, of job: String, at site: Site) throws(GloveboxError) {
        guard payment.index < site.log.size else { throw Self.unpaid }
        let record = try SiteLog.record(site.log.entry(payment.index))
        guard record.kind == .budgetSpent, record.job == job, record.json["charge"] != nil else { throw Self.unpaid }
    }

    mutating func bits(_ count: Int) throws(GloveboxError) -> UInt128 { system.bits(count) }

    private static let unpaid = GloveboxError("privacy.unpaid", "the journal has no charge for this noise")
}
