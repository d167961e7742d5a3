internal import Glibc
internal import GloveboxAPI
internal import GloveboxBroker
internal import GloveboxCore
internal import GloveboxDisclosure
internal import GloveboxDocuments
internal import GloveboxImages
internal import GloveboxLinux
internal import GloveboxPolicy
internal import GloveboxStore
internal import GloveboxTransparency

extension Site {
    /// Registers a dataset: reads and checks every value, encrypts the checked table, publishes its mock twin.
    func addDataset(_ caller: Caller, _ request: AddDatasetRequest) throws(GloveboxError) -> DatasetSummary {
        let description = try DatasetDescription(StrictYAML.read(Array(request.schema.utf8)))
        let (inputValue, inputLines) = try StrictYAML.readLocated(Array(request.inputPolicy.utf8))
        let inputPolicy = try InputPolicy(inputValue)
        guard description.name == request.name, inputPolicy.dataset == request.name else {
            throw GloveboxError(
                "request.invalid",
                "the schema and the input policy must be for the dataset named \(request.name)"
            )
        }
        try inputPolicy.check(against: description)
        guard read({ state in state.datasets[request.name] == nil }) else {
            throw GloveboxError("object.conflict", "there is a dataset named \(request.name) already")
        }
        guard request.privatePath.hasPrefix("/") else {
            throw GloveboxError("path.invalid", "the private file's path must be absolute")
        }
        let rows = DatasetFileRows(
            path: request.privatePath,
            description: description,
            hint: "gloveboxd itself reads the file; it must be allowed to."
        )
        let file = Machine.identifier("dsv")
        let path = layout.datasets + "/" + file
        let keys = DatasetKeys()
        var tagger = UnitTagger(description, key: try LineageKey(Lineage.tagKey(at: self)))
        var sorter = UnitSorter(scratch)
        let (count, bytes) = try StoredRows.seal(
            rows,
            to: path,
            key: keys.data,
            label: file
        ) { (block) throws(GloveboxError) in
            for tag in tagger.tags(block) { try sorter.add(tag) }
        }
        let units = RegisteredUnits(try sorter.finish(), description.privacyUnit.kind)
        let lineages = try Lineage.of(units, at: self)
        for lineage in lineages { try lineage.remember(units, at: self) }
        let mock = try MockData.csv(description, inputPolicy: inputPolicy)
        let mockDigest = try blobs.put(mock)
        // Over what was written, read back.
        let stored = try StoredRows(path, key: keys.data, label: file, description: description)
        let commitment = try DatasetCommitment.root(
            path: "\(request.name).csv",
            length: bytes,
            key: keys.salt
        ) { (take) throws(GloveboxError) in try stored.pieces(take) }
        let ledger = try broker.enrol(file: file, commitment: commitment, keys: keys)
        let json: JSONValue = [
            "name": .string(request.name), "version": .integer(description.document.version),
            "owner": .string(caller.account), "description": description.document.canonical,
            "inputPolicy": inputValue, "inputPolicyLines": DocumentLines(inputLines).json, "file": .string(file),
            "brokerLedger": ledger.json, "lineage": .string(lineages[0].id), "commitment": commitment.json,
            "furtherLineages": .array(lineages.dropFirst().map { .string($0.id) }),
            "rowBucket": .string(Self.bucket(count)), "mock": mockDigest.json,
            "mockBytes": .integer(Int64(mock.count)), "bytes": .integer(Int64(bytes)),
        ]
        let dataset = try RegisteredDataset(json: json)
        try record(
            Event(
                kind: .datasetRegistered,
                dataset: request.name,
                actor: caller.account,
                fields: [
                    ("schema", .string(description.document.digest.hex)),
                    ("inputPolicy", .string(inputPolicy.document.digest.hex)), ("commitment", .string(commitment.hex)),
                ]
            ),
            json
        )
        broker.note(ledger)
        try record(
            Event(kind: .mockDataPublished, dataset: request.name, fields: [("mock", .string(mockDigest.hex))])
        )
        return summary(of: dataset)
    }

    /// Rows in powers of ten.
    private static func bucket(_ rows: Int) -> String {
        for (limit, name) in [
            (10, "0-10"), (100, "10-100"), (1000, "100-1k"), (10_000, "1k-10k"), (100_000, "10k-100k"),
            (1_000_000, "100k-1M"),
        ] where rows <= limit { return name }
        return "over-1M"
    }

    func summary(of dataset: RegisteredDataset) -> DatasetSummary {
        DatasetSummary(
            name: dataset.name,
            version: Int(dataset.version),
            owner: read { state in state.accounts[dataset.owner]?.name ?? "" },
            description: "",
            privacyUnit: dataset.description.privacyUnit.column,
            columns: dataset.inputPolicy.columns,
            mockDigest: dataset.mock,
            mockBytes: dataset.mockBytes,
            inputPolicy: dataset.inputPolicy.document.digest
        )
    }

    func datasets() -> [DatasetSummary] {
        read { state in state.datasets.values.sorted { $0.name < $1.name } }.map(summary)
    }

    func dataset(named name: String) throws(GloveboxError) -> RegisteredDataset {
        guard let dataset = read({ state in state.datasets[name] }) else {
            let known = read { state in state.datasets.keys.sorted() }
            throw GloveboxError(
                "dataset.unknown",
                "there is no dataset \(Display.escape(name))",
                hint: "Datasets: \(known.joined(separator: ", "))."
            )
        }
        return dataset
    }

    func mock(of name: String) throws(GloveboxError) -> [UInt8] { try blobs.get(dataset(named: name).mock) }
}
