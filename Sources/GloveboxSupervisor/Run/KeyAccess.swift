internal import GloveboxAPI
internal import GloveboxBroker
internal import GloveboxCore
internal import GloveboxStore
internal import GloveboxTransparency
internal import Synchronization

/// What opens the data of one run, as often as its supervisor has to: the broker's grant, the key that it seals to, and
/// where the log has each release.
struct KeyAccess: Sendable {
    let grant: KeyGrant
    let recipient: KeyRecipient
    /// Log index of `key.released`, by place of the dataset in the plan.
    let releases: [UInt64]

    init(grant: KeyGrant, recipient: KeyRecipient, releases: [UInt64]) {
        (self.grant, self.recipient, self.releases) = (grant, recipient, releases)
    }

    /// Reads the kept form.
    init(json: JSONValue) throws(GloveboxError) {
        var fields = try JSONFields(json, at: "access")
        grant = try KeyGrant(json: fields.required("grant"))
        recipient = try KeyRecipient(privateKey: fields.base64("recipient"))
        var releases: [UInt64] = []
        for index in try fields.array("releases") {
            guard let index = index.integer.flatMap(UInt64.init(exactly:)) else {
                throw GloveboxError("schema.type", "access.releases are indexes of the log")
            }
            releases.append(index)
        }
        self.releases = releases
        try fields.finish()
    }

    /// The kept form, which is a secret.
    var json: JSONValue {
        [
            "grant": grant.json, "recipient": .string(Base64.encode(recipient.privateKey)),
            "releases": .array(releases.map { .integer(Int64(clamping: $0)) }),
        ]
    }

    /// The keys of each dataset, from the broker, which is shown that the log has their release.
    ///
    /// - Throws: `kbs.*`, `log.*`.
    func keys(of datasets: [RegisteredDataset], at site: Site) throws(GloveboxError) -> [DatasetKeys] {
        guard releases.count == datasets.count else {
            throw GloveboxError("kbs.key", "the log has not one release for each of the plan's datasets")
        }
        var keys: [DatasetKeys] = []
        for (dataset, index) in zip(datasets, releases) {
            let sealed = try site.releases.withLock { _ throws(GloveboxError) in
                let (leaf, proof) = try site.log.proof(index)
                return try KeyDoor.persistently { () throws(GloveboxError) in
                    try site.broker.release(grant.request, file: dataset.file, entry: leaf, proof: proof.bytes)
                }
            }
            keys.append(try DatasetKeys(bytes: recipient.open(sealed, plan: grant.plan)))
        }
        return keys
    }
}
