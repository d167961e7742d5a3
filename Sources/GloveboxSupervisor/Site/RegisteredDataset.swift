internal import GloveboxAttestation
internal import GloveboxCore
internal import GloveboxPolicy

/// A version of a dataset as the site keeps it.
struct RegisteredDataset: Sendable {
    let name: String
    let version: Int64
    let owner: String
    let description: DatasetDescription
    /// What a job may see, as far as the dataset's owner says; see ``seen(through:)``.
    private(set) var inputPolicy: InputPolicy
    /// The owner's input policy as written.
    let inputLayer: PolicyChain.Layer
    /// Name of the encrypted file under `datasets/`.
    let file: String
    /// All datasets about the same units; ledger and history are kept by it.
    private(set) var lineage: String
    /// Others, of which the dataset has units, too: each has its ledger and history, and what happens to the dataset counts in all.
    let furtherLineages: [String]
    /// What a plan names the private data by.
    let commitment: Digest
    /// Rows in powers of ten, such as `1k-10k`.
    let rowBucket: String
    /// The mock twin's digest in the blob store.
    let mock: Digest
    let mockBytes: UInt64
    /// Bytes of the stored form; nil from versions that did not say.
    let bytes: Int64?

    init(json: JSONValue) throws(GloveboxError) {
        var fields = try JSONFields(json, at: "dataset")
        name = try fields.string("name")
        version = try fields.integer("version")
        owner = try fields.string("owner")
        description = try DatasetDescription(fields.required("description"))
        let written = try fields.required("inputPolicy")
        inputPolicy = try InputPolicy(written)
        let lines = try fields.optional("inputPolicyLines").map { (json) throws(GloveboxError) in
            try DocumentLines(json: json)
        }
        inputLayer = PolicyChain.Layer(.dataset, written, lines: lines ?? DocumentLines())
        file = try fields.string("file")
        _ = try fields.required("brokerLedger")  // read by the state, from whichever event has it
        lineage = fields.optional("lineage")?.string ?? name
        let further = fields.optional("furtherLineages")?.array ?? []
        furtherLineages = further.compactMap(\.string)
        guard furtherLineages.count == further.count else {
            throw GloveboxError("log.journal-corrupt", "a dataset's lineages are not readable")
        }
        commitment = try fields.digest("commitment")
        rowBucket = try fields.string("rowBucket")
        mock = try fields.digest("mock")
        mockBytes = UInt64(clamping: try fields.integer("mockBytes"))
        bytes = try fields.optional("bytes").map { (json) throws(GloveboxError) in
            guard let bytes = json.integer else { throw GloveboxError("schema.type", "dataset.bytes must be a number") }
            return bytes
        }
        try fields.finish()
    }

    /// The dataset under the input policy of one plan, which is at least as tight as the owner's.
    func seen(through policy: InputPolicy) -> RegisteredDataset {
        var dataset = self
        dataset.inputPolicy = policy
        return dataset
    }

    /// The dataset with a ledger and a history of another name.
    func moved(to lineage: String) -> RegisteredDataset {
        var dataset = self
        dataset.lineage = lineage
        return dataset
    }

    /// Every ledger that pays for the dataset, and history that it is compared with.
    var lineages: [String] { [lineage] + furtherLineages }

    /// Where the job finds the data.
    var mount: String { "/data/\(name)" }

    /// The dataset as a plan's input.
    var input: Manifest.Input {
        Manifest.Input(
            name: name,
            version: UInt64(version),
            kind: .real,
            mount: mount,
            commit: Commitment(.salted, commitment)
        )
    }
}
