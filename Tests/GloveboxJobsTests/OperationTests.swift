import GloveboxCore
import GloveboxJobs
import Testing

@Suite struct OperationTests {
    @Test(arguments: Operation.allCases) func `a login opens nothing less than no login`(operation: Operation) {
        for role in Role.allCases where operation.allows(nil) { #expect(operation.allows([role])) }
        #expect(!operation.allows([]) || operation.access == .open || operation.access == .login)
    }

    @Test func `an operator has no vote and an auditor changes nothing`() {
        #expect(!Operation.approve.allows([.operator]) && !Role.mayVote([.operator, .reviewer], as: .reviewer))
        let changing: [Operation] = [
            .createAccount, .addDataset, .addPolicy, .uploadBlob, .createPlan, .submitJob, .cancelJob, .approve,
            .redact, .pauseSite, .resumeSite,
        ]
        for operation in changing { #expect(!operation.allows([.auditor])) }
    }

    @Test func `a researcher alone makes plans and jobs`() {
        for role in Role.allCases where role != .researcher {
            #expect(!Operation.createPlan.allows([role]) && !Operation.submitJob.allows([role]))
        }
    }
}
