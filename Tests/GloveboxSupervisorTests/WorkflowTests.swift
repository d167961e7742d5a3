import GloveboxAPI
import GloveboxAttestation
import GloveboxCore
import GloveboxJobs
import Testing

@testable import GloveboxSupervisor

/// What people sign so that a job's evidence shows who did what.
@Suite struct WorkflowTests {
    @Test func `a report without the owner's layout and the people's links says that the workflow is not proven`()
        throws
    {
        let test = try TestSite()
        let job = try test.submit("print(1)\n")
        try test.vote(.approve, on: job)
        try test.start()
        _ = try test.wait(for: job) { $0.job.phase.isTerminal && $0.evidence != nil }
        #expect(try test.report(job).assurance.notProven.contains("workflow"))
        #expect(try !test.shownReceipt(job).files.contains { $0.path.hasPrefix(EvidenceFiles.workflow) })
    }

    @Test func `a layout that is not of today's keys and data is refused, and an owner without a key has none`() throws
    {
        let site = try TestSite().site
        let (owner, _) = try site.createAccount(name: "olivia", roles: [.owner], by: nil)
        let caller = Caller(account: owner, name: "olivia", roles: [.owner])
        let missing = try #require(throws: GloveboxError.self) { try site.workflow(for: caller) }
        #expect(missing.code == "key.missing")
        let signer = PersonSigner()
        let message = EnrollKeyRequest.message(account: owner, publicKey: signer.publicKey.bytes)
        _ = try site.enrollKey(
            caller,
            account: owner,
            EnrollKeyRequest(publicKey: signer.publicKey.bytes, proof: signer.signature(over: message))
        )
        let draft = try site.workflow(for: caller)
        func signed(_ signer: PersonSigner, _ layout: [UInt8]) throws -> Workflow {
            Workflow(layout: try signer.sign(layout).bytes, onboard: try signer.sign(draft.onboard).bytes)
        }
        for (request, code) in [
            (try signed(signer, draft.layout + [32]), "workflow.changed"),
            (try signed(PersonSigner(), draft.layout), "key.unknown"),
        ] {
            let refused = try #require(throws: GloveboxError.self) { try site.signWorkflow(caller, request) }
            #expect(refused.code == code)
        }
        _ = try site.signWorkflow(caller, signed(signer, draft.layout))
        #expect(site.read { state in state.workflow?.owner } == signer.publicKey)
    }
}
