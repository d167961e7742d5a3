package import GloveboxCore

/// How jobs may run on a site: images, jail profiles, ceilings, environment, executors, plan quorum.
///
/// `max_*` keys are tighter when smaller, `min_*` keys when larger, lists when they are subsets, and `required` is tighter
/// than `optional`, as in release policy section 3.3.
package struct ProcessingPolicy: Hashable, Sendable {
    /// Whether every job runs in the deterministic mode; the later word is stricter.
    package enum Determinism: String, DocumentWord {
        case optional
        case required
    }

    /// Where a job's jail stands.
    package enum Executor: String, DocumentWord {
        case local
        case slurm
    }

    /// How many people approve a plan.
    package struct PlanQuorum: DocumentSection {
        /// A role of the job back-end.
        package enum Role: String, DocumentWord {
            case owner
            case reviewer
        }

        /// Approvals from distinct people.
        package let minApprovals: Int
        /// Who may give them.
        package let roles: [Role]

        package init(_ fields: inout DocumentFields) throws(GloveboxError) {
            minApprovals = Int(try fields.integer("min_approvals", 1...16, default: 2))
            roles = try fields.choices("roles", default: [.reviewer])
        }
    }

    /// Allowed images by name or `sha256:<hex>`; nil allows every image of the site's store.
    package let images: [String]?
    /// Allowed jail profiles by name.
    package let jailProfiles: [String]
    /// Greatest limits of a plan.
    package let ceilings: JobLimits
    /// Allowed environment variables of a submitter.
    package let environment: [String]
    /// Where jobs may run.
    package let executors: [Executor]
    /// Greatest number of commands of one plan.
    package let maxSteps: Int
    /// Whether plans must ask for the deterministic mode.
    package let determinism: Determinism
    /// What must protect each job on its host; more is tighter.
    package let protections: [Protection]
    /// Approvals of a plan.
    package let planQuorum: PlanQuorum
    /// Name, version, canonical form, digest.
    package let document: PolicyDocument

    /// Reads a policy from the value of its document.
    ///
    /// - Throws: `document.*` with the key path.
    package init(_ value: JSONValue) throws(GloveboxError) {
        var (fields, metadata) = try PolicyDocument.open(value, kind: "ProcessingPolicy")
        images = try Self.images(&fields)
        jailProfiles = try fields.texts("jail_profiles", 1...32, default: ["default"])
        for name in jailProfiles where !Identifier.isName(name) {
            throw fields.wrongValue("jail_profiles", "may hold only profile names")
        }
        ceilings = try fields.filledSection("limits")
        environment = try fields.texts("environment", 0...64, default: Environment.usual)
        for name in environment where !Environment.isAllowedName(name) {
            throw fields.wrongValue("environment", "may not hold '\(Display.escape(name))'")
        }
        executors = try fields.choices("executors", default: [.local])
        maxSteps = Int(try fields.integer("max_steps", 1...64, default: 1))
        determinism = try fields.choice("determinism", default: .optional)
        // Left out of the canonical form where it is not given: policies that are in force keep their digest.
        protections = fields.has("protections") ? try fields.choices("protections") : []
        planQuorum = try fields.filledSection("plan_quorum")
        document = try PolicyDocument(metadata, closing: fields)
    }

    // The word `any`, or a list of names and digests.
    private static func images(_ fields: inout DocumentFields) throws(GloveboxError) -> [String]? {
        if !fields.has("images") || fields.holds("images", "any") {
            _ = fields.take("images")
            fields.keep("images", "any")
            return nil
        }
        let names = try fields.texts("images", 1...256)
        for name in names where !Identifier.isName(name) && Digest(named: name) == nil {
            throw fields.wrongValue("images", "may hold only image names and sha256: digests")
        }
        return names
    }
}
