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
    case enrollCertificate
    case listCertificates
    case revokeCertificate
    case createToken
    case listTokens
    case revokeToken
    case addWebhook
    case listWebhooks
    case removeWebhook
    case tryWebhook
    case enrollNode
    case listNodes
    case drainNode
    case resumeNode
    case removeNode
    case addDataset
    case listDatasets
    case readMock
    case listProjects
    case readBudgets
    case createProject
    case readProject
    case amendProject
    case pauseProject
    case resumeProject
    case closeProject
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
    case readEvents
    case readResults
    case readDescription
    case taskService
    case createTask
    case listTasks
    case readTask
    case cancelTask
    case readInbox
    case approve
    case readReceipt
    case readText
    case readRelease
    case voteRelease
    case answerRelease
    case overrideRelease
    case splitLineage
    case redact
    case backUp
    case collectGarbage
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
        case .health, .readTrust, .readLog, .readDescription, .taskService: .open
        case .whoami, .enrollKey, .enrollCertificate, .listCertificates, .revokeCertificate, .listDatasets,
            .listPolicies,
            .listImages, .listJobs, .createToken, .listTokens, .revokeToken, .readEvents, .listProjects, .readProject:
            .login
        case .createAccount, .backUp, .collectGarbage, .enrollNode, .drainNode, .resumeNode, .removeNode:
            .roles([.operator])
        case .listNodes: .roles([.operator, .auditor])
        case .addDataset, .splitLineage, .signWorkflow, .overrideRelease: .roles([.owner])
        case .addWebhook, .listWebhooks, .removeWebhook, .tryWebhook:
            .roles([.researcher, .reviewer, .owner, .operator])
        case .readMock, .createPlan, .submitJob, .createTask, .answerRelease: .roles([.researcher])
        case .addPolicy, .redact, .pauseSite, .resumeSite, .createProject, .amendProject, .pauseProject,
            .resumeProject, .closeProject:
            .roles([.owner, .operator])
        case .uploadBlob: .roles([.researcher, .owner, .operator])
        case .readPlan, .readReceipt, .readBudgets: .roles([.researcher, .reviewer, .owner, .auditor])
        case .readResults: .roles([.researcher, .auditor])
        case .readJob, .listTasks, .readTask: .roles([.researcher, .reviewer, .owner, .operator, .auditor])
        case .cancelJob, .cancelTask: .roles([.researcher, .operator, .owner])
        case .readBodies, .exportLog: .roles([.auditor])
        case .readText: .roles([.owner, .auditor])
        case .readInbox, .approve, .readRelease, .voteRelease: .roles([.reviewer, .owner])
        }
    }

    /// What a token must be good for; nil when any will do.
    package var scope: Scope? {
        switch self {
        case .health, .readTrust, .readLog, .readDescription, .taskService, .whoami, .listPolicies, .listImages: nil
        case .createAccount, .enrollKey, .enrollCertificate, .listCertificates, .revokeCertificate, .createToken,
            .listTokens, .revokeToken, .addWebhook, .listWebhooks, .removeWebhook, .tryWebhook:
            .accountManage
        case .addDataset, .splitLineage, .signWorkflow: .datasetManage
        case .listDatasets, .readMock: .datasetRead
        case .addPolicy: .policyManage
        case .createProject, .amendProject, .pauseProject, .resumeProject, .closeProject: .projectManage
        case .uploadBlob, .createPlan, .submitJob, .createTask, .answerRelease: .jobSubmit
        case .readPlan, .listJobs, .readJob, .readEvents, .readResults, .readReceipt, .listTasks, .readTask,
            .readInbox, .readRelease, .listProjects, .readProject, .readBudgets:
            .jobRead
        case .cancelJob, .cancelTask: .jobCancel
        case .approve, .voteRelease: .planApprove
        case .overrideRelease: .releaseVote
        case .collectGarbage, .enrollNode, .listNodes, .drainNode, .resumeNode, .removeNode: .nodeManage
        case .readBodies, .exportLog, .readText: .logReadPrivate
        case .redact, .backUp, .pauseSite, .resumeSite: .sitePause
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
