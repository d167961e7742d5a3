/// Everything a caller can ask of a site, with the roles that may ask.
///
/// The one table of authorisation.
///
/// Source: job-backend sections 1.1 and 4.1.
package enum Operation: String, Sendable, Hashable, CaseIterable {
    case health
    case readTrust
    case readLog
    case readBodies
    case exportLog
    case whoami
    case createAccount
    case enrollKey
    case addDataset
    case listDatasets
    case readMock
    case signWorkflow
    case addPolicy
    case listPolicies
    case listImages
    case uploadBlob
    case createPlan
    case readPlan
    case submitJob
    case listJobs
    case readJob
    case cancelJob
    case readInbox
    case approve
    case readRelease
    case voteRelease
    case readReceipt
    case redact
    case pauseSite
    case resumeSite

    /// Who may ask at all; the service checks the object as well.
    package enum Access: Sendable, Hashable {
        /// No login.
        case open
        /// Any login.
        case login
        /// A login with one of these roles.
        case roles(Set<Role>)
    }

    /// Who may ask.
    package var access: Access {
        switch self {
        case .health, .readTrust, .readLog: .open
        case .whoami, .enrollKey, .listDatasets, .listPolicies, .listImages, .listJobs: .login
        case .createAccount: .roles([.operator])
        case .addDataset, .signWorkflow: .roles([.owner])
        case .readMock, .createPlan, .submitJob: .roles([.researcher])
        case .addPolicy, .redact, .pauseSite, .resumeSite: .roles([.owner, .operator])
        case .uploadBlob: .roles([.researcher, .owner, .operator])
        case .readPlan, .readReceipt: .roles([.researcher, .reviewer, .owner, .auditor])
        case .readJob: .roles([.researcher, .reviewer, .owner, .operator, .auditor])
        case .cancelJob: .roles([.researcher, .operator, .owner])
        case .readBodies, .exportLog: .roles([.auditor])
        case .readInbox, .approve, .readRelease, .voteRelease: .roles([.reviewer, .owner])
        }
    }

    /// Whether an account with these roles may ask.
    ///
    /// Nil roles stand for a caller without login.
    package func allows(_ roles: Set<Role>?) -> Bool {
        switch access {
        case .open: true
        case .login: roles != nil
        case .roles(let wanted): roles.map { !$0.isDisjoint(with: wanted) } ?? false
        }
    }
}
