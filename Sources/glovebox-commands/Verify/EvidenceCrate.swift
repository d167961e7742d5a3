import GloveboxAPI
import GloveboxCore

/// The evidence of a job as an RO-Crate 1.1: what each file is, so that other people's tools find their way in it.
struct EvidenceCrate {
    /// The name that the standard prescribes.
    static let name = "ro-crate-metadata.json"

    private let job: String
    private let files: [NamedFile]
    private let disclosure: JSONValue?

    /// Describes the files of a job.
    ///
    /// - Throws: `json.*` when the disclosure record is not readable.
    init(job: String, files: [NamedFile]) throws(GloveboxError) {
        self.job = job
        self.files = files.sorted { $0.path < $1.path }
        guard let record = files.first(where: { $0.path == "disclosure.json" }) else {
            disclosure = nil
            return
        }
        disclosure = try JSONReader.read(record.content)
    }

    /// The metadata file.
    var bytes: [UInt8] {
        CanonicalJSON.encode([
            "@context": "https://w3id.org/ro/crate/1.1/context",
            "@graph": .array([descriptor, root, terms] + files.map(Self.entity)),
        ])
    }

    private var descriptor: JSONValue {
        [
            "@id": .string(Self.name), "@type": "CreativeWork", "about": ["@id": "./"],
            "conformsTo": ["@id": "https://w3id.org/ro/crate/1.1"],
        ]
    }

    private var root: JSONValue {
        var object = JSONObject([
            ("@id", "./"), ("@type", "Dataset"), ("name", .string("Released outputs and evidence of \(job)")),
            (
                "description",
                .string(
                    "Files released by a datasite under an output policy, with the signed report of what ran and the "
                        + "disclosure record."
                )
            ),
            ("identifier", .string(job)), ("license", ["@id": "#terms"]),
            ("hasPart", .array(files.map { ["@id": .string($0.path)] })),
        ])
        object["datePublished"] = disclosure?["times"]?["decided"]
        return .object(object)
    }

    private var terms: JSONValue {
        let policy = disclosure?["policy"]?["digest"]?.string.map { " \($0)" } ?? ""
        return [
            "@id": "#terms", "@type": "CreativeWork", "name": "Terms of the datasite",
            "description": .string("Released under the output policy\(policy); the datasite sets the terms of use."),
        ]
    }

    private static func entity(_ file: NamedFile) -> JSONValue {
        var object = JSONObject([
            ("@id", .string(file.path)), ("@type", "File"), ("name", .string(file.path)),
            ("contentSize", .string(String(file.content.count))),
        ])
        object["encodingFormat"] = formats.first { file.path.hasSuffix($0.suffix) }.map { .string($0.type) }
        object["description"] = meanings[file.path].map(JSONValue.string)
        return .object(object)
    }

    private static let formats = [
        (suffix: ".json", type: "application/json"), (suffix: ".csv", type: "text/csv"),
        (suffix: ".png", type: "image/png"), (suffix: ".pem", type: "application/x-pem-file"),
    ]

    private static let meanings = [
        "disclosure.json": "Disclosure record: policy, checks, capacity, decision (SATRE 3.3.09)",
        "disclosure.dsse.json": "The disclosure record, signed by the datasite",
        "report.dsse.json": "Signed report of what ran, on what, under which rules",
    ]
}
