package import GloveboxCore

extension Manifest {
    /// A dataset version and where the job finds it.
    package struct Input: Sendable, Wire {
        /// Dataset name.
        package var name: String
        /// Version number.
        package var version: UInt64
        /// Private or mock.
        package var kind: Mode
        /// Folder in the jail, `/data/NAME`.
        package var mount: String
        /// Names the bytes: salted when private.
        package var commit: Commitment

        /// Describes an input.
        package init(name: String, version: UInt64, kind: Mode, mount: String, commit: Commitment) {
            self.name = name
            self.version = version
            self.kind = kind
            self.mount = mount
            self.commit = commit
        }

        var json: JSONValue {
            [
                "name": .string(name), "version": .decimal(version), "kind": .string(kind.rawValue),
                "mount": .string(mount), "commit": commit.json,
            ]
        }

        init(reading fields: inout JSONFields) throws(GloveboxError) {
            self.name = try fields.string("name")
            self.version = try fields.decimal("version")
            self.kind = try fields.choice("kind")
            self.mount = try fields.string("mount")
            self.commit = try fields.object("commit")
            guard kind == .mock || commit.algorithm == .salted else {
                throw GloveboxError("output.leak", "private data is named by a plain digest")
            }
        }
    }

    /// Digests of the policies; an absent one does not apply.
    package struct Policies: Sendable, Wire {
        /// Policy of the data owner.
        package var input: Digest?
        /// Policy on images, limits and environment.
        package var processing: Digest?
        /// Policy on what may leave.
        package var output: Digest

        /// Names the policies.
        package init(input: Digest?, processing: Digest?, output: Digest) {
            self.input = input
            self.processing = processing
            self.output = output
        }

        var json: JSONValue {
            .members([("input", input?.json), ("processing", processing?.json), ("output", output.json)])
        }

        init(reading fields: inout JSONFields) throws(GloveboxError) {
            self.input = try fields.optionalDigest("input")
            self.processing = try fields.optionalDigest("processing")
            self.output = try fields.digest("output")
        }
    }

    /// A pattern of files that may be taken out, and where they go.
    package struct Output: Sendable, Wire {
        /// Path pattern in the jail.
        package var path: String
        /// Destination.
        package var url: String
        /// `FILE` or `DIRECTORY`.
        package var type: String

        /// Describes an output.
        package init(path: String = "/job/code/outputs/*", url: String = "glovebox://release/", type: String = "FILE") {
            self.path = path
            self.url = url
            self.type = type
        }

        var json: JSONValue { ["path": .string(path), "url": .string(url), "type": .string(type)] }

        init(reading fields: inout JSONFields) throws(GloveboxError) {
            self.path = try fields.string("path")
            self.url = try fields.string("url")
            self.type = try fields.string("type")
        }
    }

    /// A parameter that may vary under one approval.
    package struct ParameterRange: Sendable {
        /// Parameter name.
        package var name: String
        /// Least value.
        package var from: String
        /// Greatest value.
        package var to: String

        /// Describes a range.
        package init(name: String, from: String, to: String) {
            self.name = name
            self.from = from
            self.to = to
        }

        static func json(_ ranges: [ParameterRange]) -> JSONValue {
            .object(JSONObject(ranges.map { ($0.name, ["from": .string($0.from), "to": .string($0.to)]) }))
        }

        static func read(_ value: JSONValue) throws(GloveboxError) -> [ParameterRange] {
            var fields = try JSONFields(value, at: "paramsAllowed")
            var ranges: [ParameterRange] = []
            for name in value.object?.names ?? [] {
                var range = try fields.nested(name)
                ranges.append(ParameterRange(name: name, from: try range.string("from"), to: try range.string("to")))
                try range.finish()
            }
            return ranges
        }
    }
}
