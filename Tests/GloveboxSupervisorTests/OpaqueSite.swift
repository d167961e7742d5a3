import GloveboxAPI
import GloveboxAttestation
import GloveboxCore
import GloveboxJobs
import TestSupport

@testable import GloveboxSupervisor

/// A site with one more dataset and a policy of the opaque tier, whose jobs bring a spec of their own or none.
struct OpaqueSite {
    let test: TestSite
    private let dataset: String
    private let policy: String
    private let spec: (name: String, text: String)?

    /// Registers both and starts the engine; the policy's tick becomes one second.
    init(
        image: String?,
        dataset: AddDatasetRequest,
        policy text: String,
        spec: (name: String, text: String)? = nil
    ) throws {
        test = try TestSite(image: image)
        (self.dataset, self.spec) = (dataset.name, spec)
        let owner = Caller(account: "acc_owner", name: "owner", roles: [.owner])
        _ = try test.site.addDataset(owner, dataset)
        policy = "opaque-test"
        let document = text.replacing("release_tick: 15m", with: "release_tick: 1s")
            .replacing(/metadata: \{name: [a-z-]+/, with: "metadata: {name: \(policy)")
        _ = try test.site.addPolicy(owner, AddPolicyRequest(document: document))
        try test.start()
    }

    /// Submits a program under the policy, with what it states of its training.
    func submit(_ program: String, claim: String? = nil) throws -> String {
        try test.submit(program, policy: policy, spec: spec, claim: claim, dataset: dataset, wallSeconds: 20)
    }

    /// Runs a program under the policy; the job where its run ends.
    func run(_ program: String, claim: String? = nil) throws -> JobEntry {
        let job = try submit(program, claim: claim)
        try test.vote(.approve, on: job)
        return try wait(job) { $0.job.phase == .awaitingReview || $0.job.phase.isTerminal && $0.job.cleanup == .done }
    }

    /// The job after all has been cleared away.
    func end(_ job: String) throws -> JobEntry { try wait(job) { $0.job.phase.isTerminal && $0.job.cleanup == .done } }

    private func wait(_ job: String, _ fits: (JobEntry) -> Bool) throws -> JobEntry {
        for _ in 0..<20 where !fits(try test.entry(job)) { _ = try test.wait(for: job, fits) }
        return try test.entry(job)
    }

    /// The receipt, after the limit that the job declared.
    func receipt(_ job: String) throws -> NamedFiles {
        for _ in 0..<3 {
            do { return try test.shownReceipt(job) } catch let error as GloveboxError where error.code == "job.phase" {}
        }
        return try test.shownReceipt(job)
    }
}
