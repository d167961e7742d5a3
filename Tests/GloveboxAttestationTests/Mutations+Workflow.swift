import GloveboxCore

@testable import GloveboxAttestation

extension Mutations {
    static let workflow: [Mutation] = [
        Mutation("workflow.missing", "no workflow, and the report does not say so") { $0.workflow.isMade = false },
        .evidence("workflow.missing", "no layout") { $0["lay/root.layout"] = nil },
        .evidence("workflow.missing", "no owner's key") { $0["lay/owner.pub"] = nil },
        .evidence("workflow.missing", "no link of the code") { remove("submit", &$0) },
        .evidence("workflow.missing", "no link of a review") { remove("review", &$0) },
        Mutation("workflow.threshold", "a reviewer less than the owner asks for") { scenario in
            let reviewers = [PersonSigner(), PersonSigner()]
            scenario.reviewers = reviewers
            scenario.workflow.reviewSigners = [reviewers[0]]
        },
        .evidence("schema.missing-field", "a layout that is no envelope") { $0["lay/root.layout"] = Array("{}".utf8) },
        Mutation("key.unknown", "a layout signed by a stranger") { $0.workflow.ownerSigner = PersonSigner() },
        Mutation("key.wrong-role", "a layout signed by the researcher") { $0.workflow.ownerSigner = $0.researcher },
        .trust("key.expired", "the owner had left before the run") {
            $0.roles[$0.roles.count - 1].validTo = Scenario.start.adding(seconds: -10)
        },
        .evidence("workflow.signature", "a layout changed after it was signed") {
            // Ten years more.
            resign(&$0, "lay/root.layout") { $0.replacing("\"expires\":\"203", "\"expires\":\"204") }
        },
        .evidence("workflow.signature", "a layout whose signature is called after another key") {
            let text = String(decoding: $0["lay/root.layout"] ?? [], as: UTF8.self)
            let stranger = PersonSigner().publicKey.keyID
            let named = text.replacing(/"keyid":"[0-9a-f]{64}"/, with: "\"keyid\":\"\(stranger)\"")
            $0["lay/root.layout"] = Array(named.utf8)
        },
        .evidence("workflow.owner", "another owner's key beside the layout") {
            $0["lay/owner.pub"] = PersonSigner().publicKey.pem
        },
        Mutation("workflow.owner", "a layout of one owner signed by another") { scenario in
            let other = PersonSigner()
            scenario.workflow.ownerSigner = other
            scenario.editTrust = {
                $0.roles.append(
                    RoleKey(.owner, account: "acc_other", key: other.publicKey, validFrom: $0.roles[0].validFrom)
                )
            }
        },
        Mutation("workflow.expired", "a layout that had ended when the report was logged") {
            $0.workflow.expires = Scenario.start.adding(seconds: 30)
        },
        Mutation("workflow.expired", "a layout that ended since") {
            $0.workflow.expires = Scenario.start.adding(seconds: 1800)
        },
        layout("a rule less") { $0.edit("steps", "3", "expected_products", "1") { _ in nil } },
        layout("another rule") {
            $0.edit("steps", "2", "expected_materials", "0") { _ in ["ALLOW", "code/*"] }
        },
        layout("an inspection that runs something") { $0.edit("inspect", "0", "run") { _ in ["sh", "-c", "true"] } },
        layout("no inspection") { $0.edit("inspect") { _ in [] } },
        layout("a step less") { $0.edit("steps", "2") { _ in nil } },
        layout("a threshold of none") { $0.edit("steps", "2", "threshold") { _ in 0 } },
        layout("a key more") {
            $0.edit("keys") { keys in
                guard case .object(var object)? = keys, let any = object.members.first?.value else { return keys }
                object["x"] = any
                return .object(object)
            }
        },
        Mutation("workflow.key", "a review by somebody whom the owner did not name") {
            $0.workflow.editLayout = { $0.reviewers = [PersonSigner().publicKey] }
        },
        Mutation("workflow.key", "code signed by another researcher than the plan") { scenario in
            let other = PersonSigner()
            scenario.workflow.submitter = other
            scenario.workflow.editLayout = { $0.researchers.append(other.publicKey) }
            enrol(&scenario, .researcher, other)
        },
        Mutation("workflow.key", "a review by a reviewer who did not approve") { scenario in
            let other = PersonSigner()
            scenario.workflow.reviewSigners = [other]
            scenario.workflow.editLayout = { $0.reviewers.append(other.publicKey) }
            enrol(&scenario, .reviewer, other)
        },
        Mutation("key.unknown", "a review by a key that is not enrolled") { scenario in
            let other = PersonSigner()
            scenario.workflow.reviewSigners = [other]
            scenario.workflow.editLayout = { $0.reviewers.append(other.publicKey) }
        },
        Mutation("workflow.key", "a run signed by another supervisor") {
            $0.workflow.editLayout = { $0.supervisor = PersonSigner().publicKey }
        },
        .evidence("workflow.key", "a link under another key's name") { files in
            guard let name = files.keys.first(where: { $0.hasPrefix("lay/run.") }) else { return }
            files["lay/run.00000000.link"] = files[name]
            files[name] = nil
        },
        .evidence("workflow.signature", "a link changed after it was signed") { files in
            guard let name = files.keys.first(where: { $0.hasPrefix("lay/submit.") }) else { return }
            resign(&files, name) { $0.replacing("main.py", "evil.py") }
        },
        link("workflow.artifact", "other code handed in", .submit, "products"),
        link("workflow.artifact", "other code reviewed", .review, "materials"),
        link("workflow.artifact", "other code after the review", .review, "products"),
        link("workflow.artifact", "other code run", .run, "materials"),
        link("workflow.artifact", "another output of the run", .run, "products"),
        link("workflow.artifact", "another output released", .release, "materials"),
        link("workflow.artifact", "another file released", .release, "products"),
        link("workflow.artifact", "data that the owner did not put up", .onboard, "products"),
        Mutation("workflow.artifact", "code put up by the owner") {
            $0.workflow.editLink = { step, value in
                guard step == .onboard else { return }
                value.edit("products", "code/x") { _ in Scenario.digest("x").json }
            }
        },
        Mutation("workflow.link", "a link of another step") {
            $0.workflow.editLink = { step, value in
                if step == .run { value.edit("name") { _ in "release" } }
            }
        },
        Mutation("workflow.link", "a link with a command") {
            $0.workflow.editLink = { step, value in
                if step == .submit { value.edit("command") { _ in ["true"] } }
            }
        },
        .evidence("workflow.file", "a file that is no part of a workflow") { $0["lay/extra.txt"] = [1] },
        .evidence("workflow.file", "a file more among the released ones") { $0["lay/wd/raw.csv"] = [1] },
        .evidence("workflow.released", "a released file changed") { $0["lay/wd/table.csv"]? += [0x78] },
        .evidence("workflow.released", "a released file less") { $0["lay/wd/notes.txt"] = nil },
    ]

    private static func remove(_ step: String, _ files: inout [String: [UInt8]]) {
        for name in files.keys where name.hasPrefix("lay/\(step).") { files[name] = nil }
    }

    // Another payload under the old signature.
    private static func resign(
        _ files: inout [String: [UInt8]],
        _ name: String,
        _ edit: ([UInt8]) -> [UInt8]
    ) {
        guard let bytes = files[name], let old = try? Envelope(parsing: bytes) else { return }
        let payload = edit(old.payload)
        files[name] =
            Envelope(payloadType: old.payloadType, payload: payload, keyID: old.keyID, signature: old.signature).bytes
    }

    private static func enrol(_ scenario: inout Scenario, _ role: RoleKey.Role, _ signer: PersonSigner) {
        scenario.editTrust = {
            $0.roles.append(
                RoleKey(role, account: "acc_new", key: signer.publicKey, validFrom: $0.roles[0].validFrom)
            )
        }
    }

    private static func layout(_ name: String, _ edit: @escaping @Sendable (inout JSONValue) -> Void) -> Mutation {
        Mutation("workflow.layout", "a layout with " + name) { $0.workflow.editLayoutFile = edit }
    }

    private static func link(_ reason: String, _ name: String, _ step: WorkflowStep, _ list: String) -> Mutation {
        Mutation(reason, name) {
            $0.workflow.editLink = { this, value in
                guard this == step, let first = value[list]?.object?.names.first else { return }
                value.edit(list, first) { _ in Scenario.digest("x").json }
            }
        }
    }
}
