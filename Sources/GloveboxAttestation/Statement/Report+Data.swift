package import GloveboxCore

extension Report {
    /// A dataset version that was read.
    package struct Input: Sendable, Wire {
        /// Dataset name.
        package var name: String
        /// Version number.
        package var version: UInt64
        /// Private or mock.
        package var kind: Manifest.Mode
        /// SHA-256 of the schema.
        package var schema: Digest
        /// Number of rows as a range, such as `1k-10k`.
        package var rowBucket: String
        /// The commitment that the plan names.
        package var commit: Commitment
        /// Names what the job saw of it: the allowed columns of the allowed rows, salted; nil when nothing was shown.
        package var view: Digest?

        /// Describes an input of a plan.
        package init(_ input: Manifest.Input, schema: Digest, rowBucket: String, view: Digest? = nil) {
            self.view = view
            self.name = input.name
            self.version = input.version
            self.kind = input.kind
            self.schema = schema
            self.rowBucket = rowBucket
            self.commit = input.commit
        }

        var json: JSONValue {
            .members([
                ("name", .string(name)), ("version", .decimal(version)), ("kind", .string(kind.rawValue)),
                ("schema", schema.json), ("rowBucket", .string(rowBucket)), ("commit", commit.json),
                ("view", view?.json),
            ])
        }

        init(reading fields: inout JSONFields) throws(GloveboxError) {
            self.name = try fields.string("name")
            self.version = try fields.decimal("version")
            self.kind = try fields.choice("kind")
            self.schema = try fields.digest("schema")
            self.rowBucket = try fields.string("rowBucket")
            self.commit = try fields.object("commit")
            self.view = try fields.optionalDigest("view")
            guard kind == .mock || commit.algorithm == .salted else {
                throw GloveboxError("output.leak", "private data is named by a plain digest")
            }
        }
    }

    /// One of the documents that a policy in force was merged from.
    package struct PolicySource: Sendable, Wire {
        /// Whom it speaks for: `site`, `dataset`, `project` or `run`.
        package var level: String
        /// Policy name.
        package var name: String
        /// Policy version.
        package var version: UInt64
        /// SHA-256 of the canonical form of what is written, no default filled in.
        package var digest: Digest

        /// Describes a document.
        package init(level: String, name: String, version: UInt64, digest: Digest) {
            (self.level, self.name, self.version, self.digest) = (level, name, version, digest)
        }

        var json: JSONValue {
            [
                "level": .string(level), "name": .string(name), "version": .decimal(version), "digest": digest.json,
            ]
        }

        init(reading fields: inout JSONFields) throws(GloveboxError) {
            self.level = try fields.string("level")
            self.name = try fields.string("name")
            self.version = try fields.decimal("version")
            self.digest = try fields.digest("digest")
        }
    }

    /// A policy in force.
    package struct Policy: Sendable, Wire {
        /// Policy name.
        package var name: String
        /// Policy version.
        package var version: UInt64
        /// Digest of the merged policy: the one in the plan.
        package var digest: Digest
        /// Key of its signer; nil for a policy of the site's own configuration.
        package var signer: String?
        /// The documents it was merged from, the site's first; empty when it is one document.
        package var sources: [PolicySource]

        /// Describes a policy.
        package init(
            name: String,
            version: UInt64,
            digest: Digest,
            signer: String? = nil,
            sources: [PolicySource] = []
        ) {
            self.sources = sources
            self.name = name
            self.version = version
            self.digest = digest
            self.signer = signer
        }

        var json: JSONValue {
            .members([
                ("name", .string(name)), ("version", .decimal(version)), ("digest", digest.json),
                ("signer", signer.map { .string($0) }), ("sources", sources.isEmpty ? nil : .list(sources)),
            ])
        }

        init(reading fields: inout JSONFields) throws(GloveboxError) {
            self.name = try fields.string("name")
            self.version = try fields.decimal("version")
            self.digest = try fields.digest("digest")
            self.signer = try fields.optionalString("signer")
            self.sources = try fields.optionalList("sources")
        }
    }

    /// All policies in force.
    package struct Policies: Sendable, Wire {
        /// Policy of the data owner.
        package var input: Policy?
        /// Policy on images, limits and environment.
        package var processing: Policy?
        /// Policy on what may leave.
        package var output: Policy
        /// Version of the trust policy at the time.
        package var trustVersion: UInt64

        /// Describes the policies.
        package init(input: Policy?, processing: Policy?, output: Policy, trustVersion: UInt64) {
            self.input = input
            self.processing = processing
            self.output = output
            self.trustVersion = trustVersion
        }

        var json: JSONValue {
            .members([
                ("input", input?.json), ("processing", processing?.json), ("output", output.json),
                ("trust", ["version": .decimal(trustVersion)]),
            ])
        }

        init(reading fields: inout JSONFields) throws(GloveboxError) {
            self.input = try fields.optionalObject("input")
            self.processing = try fields.optionalObject("processing")
            self.output = try fields.object("output")
            var trust = try fields.nested("trust")
            self.trustVersion = try trust.decimal("version")
            try trust.finish()
        }

        /// The policies that there are.
        var all: [Policy] { [input, processing, output].compactMap { $0 } }
    }

    /// An approval relied on, carried whole.
    package struct ApprovalRecord: Sendable, Wire {
        /// Role of the signer.
        package var role: String
        /// Key of the signer.
        package var keyID: String
        /// SHA-256 of the approval's payload.
        package var digest: Digest
        /// The DSSE envelope, as JSON bytes.
        package var envelope: [UInt8]

        /// Records an approval.
        package init(_ envelope: Envelope, role: String) {
            self.role = role
            self.keyID = envelope.keyID
            self.digest = envelope.payloadDigest
            self.envelope = envelope.bytes
        }

        var json: JSONValue {
            [
                "role": .string(role), "keyid": .string(keyID), "digest": digest.json,
                "envelope": .string(Base64.encode(envelope)),
            ]
        }

        init(reading fields: inout JSONFields) throws(GloveboxError) {
            self.role = try fields.string("role")
            self.keyID = try fields.digestHex("keyid").hex
            self.digest = try fields.digest("digest")
            self.envelope = try fields.base64("envelope")
        }
    }

    /// How many approvals the project asks for, and how many there were.
    package struct Quorum: Sendable, Wire {
        /// Number asked for.
        package var need: UInt64
        /// Number of distinct keys.
        package var have: UInt64

        /// States a quorum.
        package init(need: UInt64, have: UInt64) {
            self.need = need
            self.have = have
        }

        var json: JSONValue { ["need": .decimal(need), "have": .decimal(have)] }

        init(reading fields: inout JSONFields) throws(GloveboxError) {
            self.need = try fields.decimal("need")
            self.have = try fields.decimal("have")
        }
    }
}
