package import GloveboxCore

/// Named digests as in-toto links list them.
///
/// Data stands here as the digest of its salted commitment, never of its bytes; a policy under its own digest, which is
/// all that a plan knows of it.
///
/// Source: attestation specification, section 10.
package struct WorkflowArtifacts: Sendable, Hashable {
    private var object = JSONObject()

    /// Nothing.
    package init() {}

    /// Takes up the artifacts of a link.
    ///
    /// - Throws: `schema.…`.
    init(reading value: JSONValue?) throws(GloveboxError) {
        let object = value?.object ?? JSONObject()
        var fields = try JSONFields(.object(object), at: "artifacts")
        for name in object.names { add(name, try fields.digest(name)) }
    }

    /// Adds an artifact.
    package mutating func add(_ name: String, _ digest: Digest) { object[name] = digest.json }

    /// Adds a dataset version by its commitment.
    package mutating func add(_ input: Manifest.Input) {
        add("data/\(input.name)-\(input.version)", Hashing.sha256(CanonicalJSON.encode(input.commit.json)))
    }

    /// Adds a policy.
    package mutating func add(policy digest: Digest) { add("policy/\(digest.hex)", digest) }

    /// The files of a plan's code.
    package static func code(_ manifest: Manifest) -> WorkflowArtifacts {
        var all = WorkflowArtifacts()
        for file in manifest.core.files { all.add("code/\(file.path)", file.digest) }
        return all
    }

    /// The policies that a plan names.
    package static func policies(_ manifest: Manifest) -> WorkflowArtifacts {
        var all = WorkflowArtifacts()
        let policies = manifest.policies
        for digest in [policies.input, policies.processing, policies.output].compactMap({ $0 }) {
            all.add(policy: digest)
        }
        return all
    }

    /// The data that a plan names.
    package static func data(_ manifest: Manifest) -> WorkflowArtifacts {
        var all = WorkflowArtifacts()
        for input in manifest.inputs { all.add(input) }
        return all
    }

    /// Both lists in one.
    package static func + (left: Self, right: Self) -> Self {
        var all = left
        for member in right.object.members { all.object[member.name] = member.value }
        return all
    }

    /// Adds the salted commitment to a file that stays inside; neither its name nor its bytes stand here.
    package mutating func add(withheld file: Report.Withheld, index: Int) {
        add("outputs/withheld-\(index).commit", Hashing.sha256(CanonicalJSON.encode(file.commit.json)))
    }

    /// An artifact's digest set.
    subscript(name: String) -> JSONValue? { object[name] }

    /// The artifacts as members of a link.
    package var members: [JSONObject.Member] { object.members }

    var json: JSONValue { .object(object) }
}
