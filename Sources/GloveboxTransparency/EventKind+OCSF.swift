extension EventKind {
    /// The OCSF 1.8.0 class and activity of an event.
    package struct OCSF: Sendable, Hashable {
        /// `class_uid`; its thousands are the category.
        package let classUID: Int64
        /// `activity_id`; 99 is "other" and asks for `activity_name`.
        package let activity: Int64

        init(_ classUID: Int64, _ activity: Int64) {
            self.classUID = classUID
            self.activity = activity
        }
    }

    /// What OCSF calls this event.
    package var ocsf: OCSF {
        switch self {
        case .jobSubmitted: OCSF(1_006, 1)
        case .jobAccepted, .jobReviewed, .jobQueued, .jobDequeued, .jobDenied, .jobExpired, .jobPhaseChanged,
            .jobStaged, .jobCleaned, .jobFailed, .jobErrored:
            OCSF(1_006, 2)
        case .jobCancelled: OCSF(1_006, 3)
        case .jobApproved: OCSF(1_006, 4)
        case .jobStarting: OCSF(1_006, 6)
        case .jobStarted: OCSF(1_007, 1)
        case .jobEnded, .jobKilled, .jobInterrupted: OCSF(1_007, 2)
        case .jobResourceLimit: OCSF(1_007, 99)
        case .exportMade: OCSF(1_008, 3)
        case .logKeyRotated: OCSF(1_008, 5)
        case .logCreated: OCSF(1_008, 6)
        case .logStopped: OCSF(1_008, 7)
        case .logResumed: OCSF(1_008, 8)
        case .checkpointPublished, .redactionPerformed: OCSF(1_008, 99)
        case .policyViolation: OCSF(2_003, 1)
        case .jobDeniedSyscall, .jobNetAttempt, .incidentOpened: OCSF(2_004, 1)
        case .incidentClosed: OCSF(2_004, 3)
        case .userCreated: OCSF(3_001, 1)
        case .userDisabled: OCSF(3_001, 5)
        case .keyEnrolled, .keyRevoked, .trainingRecorded, .trainingExpired: OCSF(3_001, 99)
        case .authLogin, .authFailed, .authMfa: OCSF(3_002, 1)
        case .authLogout: OCSF(3_002, 2)
        case .sessionStart: OCSF(3_003, 1)
        case .sessionEnd: OCSF(3_003, 99)
        case .projectRegistered, .datasetRegistered, .policyPublished, .codeRegistered, .imageRegistered,
            .keyCreated, .witnessAdded, .webhookAdded, .nodeEnrolled:
            OCSF(3_004, 1)
        case .projectAmended, .datasetVersionAdded, .lineageSplit, .keyRotated: OCSF(3_004, 3)
        case .datasetDeleted, .codeRemoved, .imageRemoved, .keyDestroyed, .witnessRemoved,
            .webhookRemoved, .nodeRemoved:
            OCSF(3_004, 4)
        case .keyCompromised, .witnessDisagreed: OCSF(3_004, 9)
        case .projectApproved: OCSF(3_004, 10)
        case .projectClosed, .datasetRetired: OCSF(3_004, 11)
        case .projectPaused, .sitePaused, .witnessUnreachable, .webhookDisabled, .nodeDrained: OCSF(3_004, 12)
        case .projectResumed, .siteResumed, .nodeResumed: OCSF(3_004, 13)
        case .agreementSigned, .approvalGiven, .approvalRefused, .approvalWithdrawn, .mockDataPublished: OCSF(3_004, 99)
        case .breakGlassUsed, .datasetAccessGranted: OCSF(3_005, 1)
        case .datasetAccessRevoked: OCSF(3_005, 2)
        // OCSF 1.8.0 knows assign, revoke and other here, and no update.
        case .userRoleChanged: OCSF(3_005, 99)
        case .hostMeasured: OCSF(5_002, 1)
        case .configChanged, .sandboxProfile, .clockStepped, .timeSync: OCSF(5_019, 1)
        case .supervisorStart: OCSF(6_002, 3)
        case .supervisorStop: OCSF(6_002, 4)
        case .supervisorUpgrade: OCSF(6_002, 8)
        case .backupMade, .attestationRequested, .attestationIssued: OCSF(6_003, 1)
        case .logRead, .attestationVerifiedByClient: OCSF(6_003, 2)
        case .backupRestored, .budgetSpent, .budgetReset: OCSF(6_003, 3)
        case .adminShell: OCSF(6_003, 99)
        case .datasetMounted: OCSF(6_005, 1)
        case .keyReleased: OCSF(6_005, 10)
        case .datasetUnmounted: OCSF(6_005, 99)
        case .outputDownloaded, .outputTextRead: OCSF(6_006, 2)
        case .outputRedacted: OCSF(6_006, 3)
        case .outputDestroyed: OCSF(6_006, 4)
        case .outputReleased: OCSF(6_006, 12)
        case .outputRecalled: OCSF(6_006, 13)
        case .outputOverridden, .outputCollected, .outputChecked, .outputWithheld, .outputReviewed, .outputApproved,
            .outputRefused,
            .releaseIntent, .releaseReturned, .releaseResubmitted, .reviewVoted, .reviewClosed:
            OCSF(6_006, 17)
        }
    }
}
