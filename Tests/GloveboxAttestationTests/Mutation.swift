import GloveboxCore
import Testing

@testable import GloveboxAttestation

/// One thing wrong with an otherwise sound directory, and the reason a reader must be given.
struct Mutation: Sendable, CustomTestStringConvertible {
    let name: String
    let reason: String
    let edit: @Sendable (inout Scenario) -> Void

    init(_ reason: String, _ name: String, _ edit: @escaping @Sendable (inout Scenario) -> Void) {
        self.name = name
        self.reason = reason
        self.edit = edit
    }

    var testDescription: String { "\(reason): \(name)" }

    /// A change to the report before it is signed.
    static func report(
        _ reason: String,
        _ name: String,
        _ edit: @escaping @Sendable (inout Report) -> Void
    ) -> Mutation {
        Mutation(reason, name) { $0.editReport = edit }
    }

    /// A change to the report's statement before it is signed.
    static func statement(
        _ reason: String,
        _ name: String,
        _ edit: @escaping @Sendable (inout JSONValue) -> Void
    ) -> Mutation {
        Mutation(reason, name) { $0.editStatement = edit }
    }

    /// A change to the evidence directory.
    static func evidence(
        _ reason: String,
        _ name: String,
        _ edit: @escaping @Sendable (inout [String: [UInt8]]) -> Void
    ) -> Mutation {
        Mutation(reason, name) { $0.editEvidence = edit }
    }

    /// A change to the trust policy before it is signed.
    static func trust(
        _ reason: String,
        _ name: String,
        _ edit: @escaping @Sendable (inout TrustPolicy) -> Void
    ) -> Mutation {
        Mutation(reason, name) { $0.editTrust = edit }
    }

    /// A change to the approval before it is signed.
    static func approval(
        _ reason: String,
        _ name: String,
        _ edit: @escaping @Sendable (inout Approval) -> Void
    ) -> Mutation {
        Mutation(reason, name) { $0.editApproval = edit }
    }
}

extension [UInt8] {
    /// The bytes with the first occurrence of a text replaced.
    func replacing(_ old: String, _ new: String) -> [UInt8] {
        Array(String(decoding: self, as: UTF8.self).replacing(old, with: new, maxReplacements: 1).utf8)
    }
}
